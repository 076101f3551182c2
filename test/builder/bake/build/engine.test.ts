/** docker and podman: which of them is taken, what they are told, and that no container outlives its bake. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ContainerRun, engineArgs, engineHere, runByEngine } from "../../../../builder/bake/build/engine.ts";

let bin: string;
beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), "engines-"));
  // Nothing else is to be found but what stand-ins need.
  vi.stubEnv("PATH", `${bin}:/usr/bin:/bin`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(bin, { recursive: true });
});

/** A stand-in that notes what it is told, a line a call. */
async function plantEngine(name: string, script: string): Promise<() => Promise<string[]>> {
  const told = join(bin, `${name}.told`);
  await writeFile(join(bin, name), `#!/bin/sh\necho "$*" >> ${told}\n${script}\n`, { mode: 0o755 });
  return async () => (await readFile(told, "utf8")).trimEnd().split("\n");
}

const WANTED: ContainerRun = {
  arch: "arm64",
  command: ["sh", "/build/script"],
  cwd: "/build/work",
  env: { VERSION: "1.0.0" },
  mounts: [
    { from: "/here/build.sh", to: "/build/script", writable: false },
    { from: "/here/root", to: "/build/root", writable: true },
  ],
  network: false,
  offline: false,
  signal: new AbortController().signal,
};

describe("of docker and podman", () => {
  it("the first one that works is taken: a client without its daemon does not", async () => {
    await plantEngine("docker", "exit 1");
    await plantEngine("podman", "exit 0");
    expect(await engineHere({})).toBe("podman");
    await plantEngine("docker", "exit 0");
    expect(await engineHere({})).toBe("docker");
  });

  it("none is taken where none works, or where BAKERY_CONTAINERS says so", async () => {
    await plantEngine("docker", "exit 1");
    await plantEngine("podman", "exit 1");
    expect(await engineHere({})).toBeUndefined();
    await plantEngine("podman", "exit 0");
    expect(await engineHere({ BAKERY_CONTAINERS: "none" })).toBeUndefined();
  });

  it("the one that BAKERY_CONTAINERS names is taken unasked, and no other name is known", async () => {
    expect(await engineHere({ BAKERY_CONTAINERS: "podman" })).toBe("podman");
    await expect(engineHere({ BAKERY_CONTAINERS: "lxc" })).rejects.toThrow(
      "BAKERY_CONTAINERS is docker, podman or none, not lxc",
    );
  });
});

describe("an engine", () => {
  it("is told the image, the platform, what is mounted, and to give it neither network nor ways of its own", () => {
    vi.spyOn(process, "getuid").mockReturnValue(0);
    expect(engineArgs("docker", "name", "docker.io/library/alpine@sha256:0", WANTED).join(" ")).toBe(
      "run --rm --name name --platform linux/arm64 --network none --entrypoint  --user 0:0 --hostname bakery " +
        "--stop-timeout 0 --security-opt label=disable --env VERSION=1.0.0 " +
        "--volume /here/build.sh:/build/script:ro --volume /here/root:/build/root --workdir /build/work " +
        "docker.io/library/alpine@sha256:0 sh /build/script",
    );
    expect(engineArgs("podman", "name", "image", { ...WANTED, network: true })).not.toContain("--network");
    expect(engineArgs("podman", "name", "image", { ...WANTED, offline: true }).join(" ")).toContain(" --pull never ");
  });

  it("of root's gives what it has made back to who has asked, whatever became of the script", () => {
    vi.spyOn(process, "getuid").mockReturnValue(1000);
    vi.spyOn(process, "getgid").mockReturnValue(100);
    const [, script, ...rest] = engineArgs("docker", "name", "image", WANTED).slice(-5);
    expect(script).toBe('"$@"; status=$?; chown -R 1000:100 /build/root; exit $status');
    expect(rest).toEqual(["sh", "sh", "/build/script"]);
    // podman of a user runs as that user.
    expect(engineArgs("podman", "name", "image", WANTED).slice(-3)).toEqual(["image", "sh", "/build/script"]);
  });

  it("that fails is an error with its last words", async () => {
    await plantEngine("docker", 'if [ "$1" = run ]; then echo "no such package" >&2; exit 3; fi');
    await expect(runByEngine("docker", "image", WANTED)).rejects.toMatchObject({
      message: "docker failed: exit code 3",
      details: { output: "no such package" },
    });
  });

  it("is told to remove the container when it is interrupted, for that would go on", async () => {
    const told = await plantEngine("docker", 'if [ "$1" = run ]; then exec sleep 60; fi');
    const interrupted = new AbortController();
    const running = runByEngine("docker", "image", { ...WANTED, signal: interrupted.signal });
    await vi.waitFor(async () => expect((await told())[0]).toMatch(/^run/));
    interrupted.abort(new Error("ended"));
    await expect(running).rejects.toThrow("ended");
    const [first, last] = await told();
    const name = /--name (?<name>\S+)/.exec(first ?? "")?.groups?.name;
    expect(last).toBe(`rm --force --volumes ${name}`);
  });
});
