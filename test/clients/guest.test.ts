/** Guests themselves: what they can do, how they end, and that nothing of them stays on this machine. */
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { nspawnRunner } from "../../builder/guest/nspawn.ts";
import { OWNER } from "../../builder/system/owner.ts";
import { Workplace } from "../support/bakery.ts";
import { execute } from "../support/execute.ts";
import { bakeIn, DAEMON, plantIn, service } from "../support/guest-images.ts";
import { guestUnavailable, lastingTracesOf, testTree, tracesOf } from "../support/guests.ts";
import { describeWhere } from "../support/requirements.ts";

const CLI = fileURLToPath(new URL("../../builder/cli.ts", import.meta.url));
const runner = nspawnRunner();

async function run(script: string, more: { ports?: number[]; timeout?: number; signal?: AbortSignal } = {}) {
  const { signal, timeout = 60, ports = [] } = more;
  const files = [
    { path: "etc/deep/down/text", content: "text\n" },
    { path: "usr/bin/program", content: { file: "/bin/true" }, mode: 0o755 },
    { path: "etc/motd", content: "replaced\n", mode: 0o600 },
  ];
  return runner.run({ tree: await testTree(), files, script, timeout, ports }, signal ? { signal } : {});
}

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describeWhere(await guestUnavailable(), "a guest", () => {
  it("does its job as root: files are put over its tree, which is not changed, and its exit code is kept", async () => {
    const tree = await testTree();
    const before = await readFile(join(tree, "etc/motd"), "utf8").catch(() => "none");
    const { exitCode, stdout, console } = await run(`
      id -u; systemctl is-active multi-user.target; hostname
      cat /etc/deep/down/text /etc/motd; stat -c %a /etc/motd /etc /tmp; program && echo ran
      touch /usr/new; echo to stderr >&2; exit 7`);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 7,
      stdout: "0\nactive\nguest\ntext\nreplaced\n600\n755\n1777\nran\n",
    });
    expect(console).toContain("to stderr");
    expect(console).not.toContain("\x1b");
    await expect(stat(join(tree, "usr/new"))).rejects.toThrow("ENOENT");
    expect(await readFile(join(tree, "etc/motd"), "utf8").catch(() => "none")).toBe(before);
  });

  it("reaches the ports that it was given, and nothing else: no other port, no disk of this machine", async () => {
    const server = createServer((_, response) => response.end("x".repeat(1_000_000)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const other = createServer((_, response) => response.end());
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const [port, closed] = [server, other].map((one) => (one.address() as AddressInfo).port);
    const get = (from = 0) =>
      `bash -c 'exec 3<>/dev/tcp/${runner.hostAddress}/${from} && printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3 && wc -c <&3'`;
    const { stdout } = await run(
      `[ $(${get(port)}) -gt 1000000 ] && echo reached
       ${get(closed)} || echo refused
       mknod /root/disk b 8 0 || echo no disk
       cat /proc/net/dev | tail -n +3 | cut -d : -f 1`,
      { ports: [port ?? 0] },
    );
    expect(stdout).toMatch(/^reached\nrefused\nno disk\n +lo\n/);
    for (const one of [server, other]) one.close();
  });

  it("takes a loop device that is in use when it boots, and free when it wants one", async () => {
    await using workplace = await Workplace.open();
    await writeFile(workplace.file("disk"), Buffer.alloc(1024 ** 2));
    const { stdout: device } = await execute("losetup", ["--find", "--show", workplace.file("disk")]);
    const detached = execute("sleep", ["4"]).then(() => execute("losetup", ["--detach", device.trim()]));
    const { stdout } = await run(
      "sleep 6; truncate -s 1M /disk; losetup --detach $(losetup --find --show /disk) && echo taken",
    );
    expect(await detached).toMatchObject({ exitCode: 0 });
    expect(stdout).toBe("taken\n");
  });

  it("that hangs is given up, with what it said last", async () => {
    const promise = run("echo going to sleep >&2; sleep 1000", { timeout: 6 });
    await expect(promise).rejects.toMatchObject({
      name: "UserError",
      message: "the guest was not done after 6 s",
      details: { console: expect.stringMatching(/./) },
    });
    expect(await lastingTracesOf(OWNER, process.pid)).toEqual([]);
  });

  it("that ends before its job is an error, and no result", async () => {
    await expect(run("systemctl exit --force 3; sleep 100")).rejects.toMatchObject({
      name: "ToolError",
      message: "the guest ended before its job did",
    });
  });

  it("is ended when it is aborted", async () => {
    const controller = new AbortController();
    const promise = run("sleep 1000", { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 2_000);
    await expect(promise).rejects.toThrow("enough");
    expect(await lastingTracesOf(OWNER, process.pid)).toEqual([]);
  });
});

describeWhere(await guestUnavailable(), "a merge test that is ended", () => {
  let workplace: Workplace;
  let extensions: string;
  beforeAll(async () => {
    workplace = await Workplace.open();
    const files = { "usr/bin/ended": DAEMON, "usr/lib/systemd/system/ended.service": service("ended") };
    const planted = { files, fields: 'upholds: ["ended.service"],' };
    extensions = await plantIn(workplace.file("extensions"), "ended", planted);
    await bakeIn(workplace, extensions, "ended");
  });
  afterAll(() => workplace[Symbol.asyncDispose]());
  afterEach(() => vi.unstubAllEnvs());

  /** It is merged, with a service that runs, and busy with a command that does not end: then the signal comes. */
  async function ended(signal: NodeJS.Signals) {
    const temporary = workplace.file(signal);
    await mkdir(temporary);
    const env = { ...process.env, BAKERY_EXTENSIONS: extensions, TMPDIR: temporary };
    const child = spawn(process.execPath, [CLI, "test", "ended.raw", "--smoke", "sleep 500"], {
      env,
      cwd: workplace.path,
    });
    const { pid = 0 } = child;
    const exited = new Promise((resolve) => child.on("exit", resolve));
    let told = "";
    child.stderr.on("data", (text) => {
      told += text;
    });
    const isMerged = async () => {
      if (child.exitCode !== null) throw new Error(told);
      return (await tracesOf("/ended-", pid)).some((path) => path.includes("backing_file"));
    };
    await vi.waitUntil(isMerged, { timeout: 60_000, interval: 200 });
    const during = await tracesOf("/ended-", pid);
    child.kill(signal);
    return { temporary, during, exitCode: await exited, after: await lastingTracesOf("/ended-", pid), pid };
  }

  it.each(["SIGINT", "SIGTERM"] as const)("by %s leaves nothing", async (signal) => {
    const { temporary, during, exitCode, after } = await ended(signal);
    expect(during.length).toBeGreaterThan(3);
    expect({ exitCode, after, left: await readdir(temporary) }).toEqual({ exitCode: 130, after: [], left: [] });
  });

  it("by SIGKILL leaves names alone, which the next guest removes", async () => {
    const { temporary, during, after, pid } = await ended("SIGKILL");
    expect(during.length).toBeGreaterThan(3);
    expect(after).toEqual([expect.stringMatching(new RegExp(`/sysext-bakery-[0-9a-f-]+-${pid}$`))]);
    vi.stubEnv("TMPDIR", temporary);
    expect(await run("echo here")).toMatchObject({ stdout: "here\n" });
    expect([...(await tracesOf("/ended-", pid)), ...(await readdir(temporary))]).toEqual([]);
  });
});
