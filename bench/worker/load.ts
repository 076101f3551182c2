/** Load from wrk, on one thread, to a server on this machine. */
import { run } from "../../builder/system/run.ts";
import type { Contestant } from "./contestants.ts";

const CONNECTIONS = 16;

export interface Measurement {
  readonly requestsPerSecond: number;
  /** Microseconds */
  readonly cpuPerRequest: number;
}

export async function measure(contestant: Contestant, path: string, seconds: number): Promise<Measurement> {
  const before = await contestant.cpu();
  const url = `http://127.0.0.1:${contestant.port}${path}`;
  const stdout = await run("wrk", ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, url]);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const requestsPerSecond = Number(/Requests\/sec:\s*([\d.]+)/.exec(stdout)?.[1]);
  // Redirects are answers, too: wrk counts them as such.
  if (!(requests > 0) || /Non-2xx or 3xx|Socket errors/.test(stdout)) throw new Error(`${url}: ${stdout}`);
  return { requestsPerSecond, cpuPerRequest: ((await contestant.cpu()) - before) / requests };
}

/** In turns, so that what else the machine does meets all of them. */
export async function measureInTurns(
  contestants: readonly Contestant[],
  path: string,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Map<string, Measurement>> {
  const all = new Map<string, Measurement[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of contestants) all.get(contestant.name)?.push(await measure(contestant, path, seconds));
  }
  return new Map(
    [...all].map(([name, list]) => {
      const requestsPerSecond = median(list.map((it) => it.requestsPerSecond));
      return [name, { requestsPerSecond, cpuPerRequest: median(list.map((it) => it.cpuPerRequest)) }];
    }),
  );
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
