/** Running programs: what comes back, what an error says, and that an ended one is really gone. */
import { access, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { run, throughProgram } from "../../../builder/system/run.ts";
import { Workplace } from "../../support/bakery.ts";

it("gives what the program printed", async () => {
  expect(await run("sh", ["-c", 'printf %s "$GREETING"; echo noise >&2'], { env: { GREETING: "hello" } })).toBe(
    "hello",
  );
});

it("gives it what it is to read, and no more when it stops reading", async () => {
  const pieces = async function* () {
    for (let at = 0; at < 1_000; at++) yield Buffer.alloc(10_000, "x");
  };
  expect(await run("wc", ["-c"], { input: pieces() })).toBe("10000000\n");
  expect(await run("head", ["-c", "3"], { input: pieces() })).toBe("xxx");
  await expect(run("sh", ["-c", "echo enough >&2; exit 1"], { input: pieces() })).rejects.toThrow(
    "sh failed: exit code 1",
  );
});

it("fails with what its input fails with, and ends it", async () => {
  const failing = async function* () {
    yield Buffer.from("x");
    throw new Error("no more");
  };
  await expect(run("cat", [], { input: failing() })).rejects.toThrow("no more");
});

it("is what a stream goes through, piece by piece", async () => {
  const pieces = async function* () {
    for (let at = 0; at < 100; at++) yield Buffer.alloc(10_000, "x");
  };
  let length = 0;
  for await (const piece of throughProgram("tr", ["x", "y"], pieces()))
    length += piece.filter((byte) => byte === 0x79).length;
  expect(length).toBe(1_000_000);
  const all = async (program: AsyncIterable<Uint8Array>) => {
    for await (const _ of program);
  };
  await expect(all(throughProgram("no-such-program", [], pieces(), { package: "some-package" }))).rejects.toMatchObject(
    {
      hint: "install Debian's package some-package",
    },
  );
  // Who wants no more ends it, and nobody waits for a program that does not end by itself.
  for await (const _ of throughProgram("yes", [], pieces())) break;
});

it("makes files with the modes that it is told to", async () => {
  await using workplace = await Workplace.open();
  for (const umask of [0o022, 0o077]) {
    const path = workplace.file(String(umask));
    await run("touch", [path], { umask });
    expect((await stat(path)).mode & 0o777).toBe(0o666 & ~umask);
  }
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
