/**
 * Preloaded into a process, kills it at its n-th request: before it is sent, in the middle of its body, or when its
 * answer is there. `KILL_AT` is n and where, `3 inside`; without it, requests are only counted, into the file
 * `COUNT_TO`: `post`, `put body`, …
 */
import { writeFileSync } from "node:fs";

const [at = "0", where = "before"] = (process.env.KILL_AT ?? "").split(" ");
const requests: string[] = [];
const real = globalThis.fetch;

/** Reads half of a blob to whoever sends it, and then is no more. */
class DeadlyBlob extends Blob {
  override stream(): ReturnType<Blob["stream"]> {
    const half = this.slice(0, Math.ceil(this.size / 2));
    const die = new TransformStream({
      flush: async () => {
        // What was written is to leave the process first.
        await new Promise((resolve) => setTimeout(resolve, 30));
        process.kill(process.pid, "SIGKILL");
      },
    });
    return half.stream().pipeThrough(die as never);
  }
}

globalThis.fetch = async (input, init) => {
  const { method = "GET", body } = init ?? {};
  requests.push(body === undefined ? method : `${method} with body`);
  const isHit = requests.length === Number(at);
  if (isHit && where === "before") process.kill(process.pid, "SIGKILL");
  const sent = isHit && where === "inside" && body ? new DeadlyBlob([body as Blob | string]) : body;
  const response = await real(input, { ...init, ...(sent && { body: sent }) });
  if (isHit && where === "after") process.kill(process.pid, "SIGKILL");
  return response;
};

process.on("exit", () => {
  if (process.env.COUNT_TO !== undefined) writeFileSync(process.env.COUNT_TO, requests.join("\n"));
});
