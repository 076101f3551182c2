/** Running programs: what comes back, what an error says, and that an ended one is really gone. */
import { access } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { run } from "../../../builder/system/run.ts";
import { Workplace } from "../../support/bakery.ts";

it("gives what the program printed", async () => {
  expect(await run("sh", ["-c", 'printf %s "$GREETING"; echo noise >&2'], { env: { GREETING: "hello" } })).toBe(
    "hello",
  );
});

it("says which program failed, how, and the last of what it said", async () => {
  await expect(run("sh", ["-c", "seq 20; echo oops >&2; exit 3"])).rejects.toMatchObject({
    message: "sh failed: exit code 3",
    details: { command: "sh -c seq 20; echo oops >&2; exit 3", output: "oops" },
  });
  await expect(run("sh", ["-c", "kill -9 $$"])).rejects.toThrow("sh failed: ended by SIGKILL");
});

it("says that a program is not installed, and what installs it", async () => {
  await expect(run("no-such-program", [])).rejects.toMatchObject({
    message: "no-such-program is not installed",
    hint: expect.any(String),
  });
});

it("ends a program when it is told to, and waits until it is gone", async () => {
  await using workplace = await Workplace.open();
  const [started, last] = [workplace.file("started"), workplace.file("last")];
  // As mksquashfs, it still has something to do when it is told to end.
  const script = `trap 'sleep 0.3; touch ${last}; exit 1' TERM; touch ${started}; while :; do sleep 0.05; done`;
  const ending = new AbortController();
  const ran = run("sh", ["-c", script], { signal: ending.signal }).catch((error: unknown) => error);
  while (!(await there(started))) await sleep(10);

  const reason = new Error("ended by SIGTERM");
  ending.abort(reason);
  expect(await ran).toBe(reason);
  expect(await there(last)).toBe(true);
});

it("does not start what is to be ended already", async () => {
  await expect(run("sleep", ["60"], { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
});

function there(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
