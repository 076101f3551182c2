/** Entering a tree: what a program sees there and may do, that nothing is left of it, and what errors say. */
import { spawn } from "node:child_process";
import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Entering, runIn } from "../../../builder/rootfs/enter.ts";
import { resolveInside } from "../../../builder/rootfs/inside.ts";
import { smallestProgram } from "../../../builder/rootfs/smallest-program.ts";
import { describeWhere, lackForEntering } from "../../support/requirements.ts";
import { Entrance, isRoot, isRunning, NOBODY, outcomesOf, WAYS } from "./entering.ts";

/** Each takes its time; one by each tool is for every day, and `npm run test:machines` has them all. */
const EVERY_DAY = ["root unshare", "user bwrap"];
const TRIED =
  process.env.BAKERY_TEST_MACHINES === "1" ? WAYS : WAYS.filter(([who, tool]) => EVERY_DAY.includes(`${who} ${tool}`));

const mounts = [{ from: "/usr", to: "/usr" }];

describeWhere(await lackForEntering(), "inside of a tree", () => {
  let entrance: Entrance;
  let tree: string;
  beforeAll(async () => {
    entrance = await Entrance.open();
    tree = entrance.tree;
  });
  beforeEach(() => entrance.makeTree());
  afterAll(() => entrance[Symbol.asyncDispose]());

  const here = (script: string, options: Entering = {}) => runIn(tree, ["sh", "-c", script], { mounts, ...options });

  describe.each(TRIED)("as %s, by %s", (who, tool) => {
    it("a program is root, apart from the machine, and may write to the tree alone", async () => {
      await entrance.give(who);
      const input = join(entrance.work, "input");
      await writeFile(input, "given\n");
      await chmod(input, 0o666);
      const script = `
        echo "user $(id -u) in $(pwd) on $(hostname)"
        env | grep -v -e ^PWD= -e ^OLDPWD= -e ^_= | sort
        [ "$(ls /proc | grep -c '^[0-9]')" -lt 9 ] && echo few processes
        echo "interfaces $(tail -n +3 /proc/net/dev | cut -d: -f1 | xargs)"
        cat /input && touch /input 2>&1 | grep -o 'Read-only file system'
        mount -t tmpfs none /mnt 2>/dev/null && echo mounted
        mknod /srv/null c 1 3 2>/dev/null && echo 'device made'
        grep -z -h hidden /proc/[0-9]*/environ 2>/dev/null
        echo x > /dev/null && head -c 4 /dev/zero | wc -c
        touch /tmp/of-its-own /run/of-its-own
        umask; touch /srv/written; chown 5:6 /srv/written 2>/dev/null; stat -c %u:%g /srv/written`;
      const options = { mounts: [{ from: input, to: "/input" }], env: { GREETING: "hello" }, cwd: "/srv" };
      const [outcome] = await entrance.enter(who, tool, { command: ["sh", "-c", script], options });
      expect(outcome?.message).toBeUndefined();
      expect(outcome?.stdout?.split("\n")).toEqual([
        "user 0 in /srv on bakery",
        "GREETING=hello",
        "HOME=/root",
        "LC_ALL=C.UTF-8",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "TERM=dumb",
        "few processes",
        "interfaces lo",
        "given",
        "Read-only file system",
        "4",
        "0022",
        who === "user" ? "0:0" : "5:6",
        "",
      ]);
      // Mount points that it lacked are gone again.
      expect((await readdir(tree)).sort()).toEqual(["bin", "etc", "lib", "lib64", "sbin", "srv", "usr"]);
      expect(await readdir(join(tree, "srv"))).toEqual(["written"]);
      const { uid } = await lstat(join(tree, "srv/written"));
      if (isRoot) expect(uid).toBe({ root: 5, user: NOBODY, "user with ids": 200_004 }[who]);
    });

    it("it sees the machine's network if it is to, and an error says why it failed", async () => {
      await entrance.give(who);
      const network = { command: ["sh", "-c", "cat /etc/resolv.conf; readlink /proc/self/ns/net"] } as const;
      const failing = ["sh", "-c", "echo no luck >&2; exit 3"] as const;
      const requests = [
        { ...network, options: { network: true } },
        { command: ["sh", "-c", "ls /etc; ln -s /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf"] },
        { ...network, options: { network: true } },
        { command: ["nonesuch", "--help"] },
        { command: failing },
      ] as const;
      const seen = { stdout: `${await readFile("/etc/resolv.conf", "utf8")}${await readlink("/proc/self/ns/net")}\n` };
      expect(await entrance.enter(who, tool, ...requests)).toEqual([
        seen,
        // The tree is as it was.
        { stdout: "" },
        // A link as machines with systemd-resolved have it, and as it would lead out of the tree.
        seen,
        { message: "there is no nonesuch in the tree", details: { command: "nonesuch --help", tree } },
        {
          message: "sh failed in the tree: exit code 3",
          details: { command: failing.join(" "), tree, output: "no luck" },
        },
      ]);
      expect(await readdir(join(tree, "etc"))).toEqual(["resolv.conf"]);
    });

    it("what it has started ends with it, and when whoever waits for it is killed", async () => {
      await entrance.give(who);
      const [ended, failed, killed] = [mark(), mark(), mark()];
      const daemon = (mark: string) => `setsid sleep ${mark} > /dev/null 2>&1 < /dev/null & sleep 0.1`;
      const requests = [
        { command: ["sh", "-c", daemon(ended)] },
        { command: ["sh", "-c", `${daemon(failed)}; exit 1`] },
        { command: ["sh", "-c", `${daemon(killed)}; sleep ${killed}`] },
      ] as const;
      const [program, ...args] = entrance.commandLine(who, tool, requests);
      const child = spawn(program, args, { stdio: "ignore" });
      await expect.poll(() => isRunning("sleep", killed), { timeout: 50_000 }).toBe(true);
      expect(await isRunning("sleep", ended)).toBe(false);
      expect(await isRunning("sleep", failed)).toBe(false);
      child.kill("SIGKILL");
      await expect.poll(() => isRunning("sleep", killed)).toBe(false);
    });
  });

  it("a program reads what it is given, and what it prints is told as it comes", async () => {
    const pieces: string[] = [];
    const input = (async function* () {
      yield Buffer.from("given");
    })();
    const onOutput = (piece: Buffer) => pieces.push(piece.toString());
    expect(await here("cat; echo aside >&2", { input, onOutput })).toBe("given");
    expect(pieces.sort()).toEqual(["aside\n", "given"]);
  });

  it("a folder that may be written to is", async () => {
    const from = join(entrance.work, "writable");
    await mkdir(from);
    await here("echo x > /deep/er/file", { mounts: [...mounts, { from, to: "/deep/er", writable: true }] });
    expect(await readFile(join(from, "file"), "utf8")).toBe("x\n");
    expect(await readdir(tree)).not.toContain("deep");
  });

  it("a mount stays within the tree, wherever symlinks lead", async () => {
    await symlink(entrance.work, join(tree, "escape"));
    const from = join(entrance.work, "unshare");
    expect(await here("ls /escape/place", { mounts: [...mounts, { from, to: "/escape/place" }] })).toContain("setpriv");
    expect(await readdir(entrance.work)).not.toContain("place");
    await symlink("loop", join(tree, "loop"));
    await expect(resolveInside(tree, "/loop/x")).rejects.toThrow("symlinks of the tree lead in a circle");
    expect(await resolveInside(tree, "/bin/../../etc/./x")).toBe("/etc/x");
  });

  it("an interrupted program is gone, and so are its mounts", async () => {
    const before = await readFile("/proc/self/mountinfo", "utf8");
    const interrupted = new AbortController();
    const seconds = mark();
    const running = here(`trap "" TERM INT; sleep ${seconds}`, { signal: interrupted.signal });
    await expect.poll(() => isRunning("sleep", seconds), { timeout: 10_000 }).toBe(true);
    interrupted.abort(new Error("ended by SIGINT"));
    await expect(running).rejects.toThrow("ended by SIGINT");
    await expect.poll(() => isRunning("sleep", seconds)).toBe(false);
    expect(await readFile("/proc/self/mountinfo", "utf8")).toBe(before);
    await expect(here("true", { signal: interrupted.signal })).rejects.toThrow("ended by SIGINT");
  });

  it("a mount of what is not there is refused", async () => {
    await expect(here("true", { mounts: [{ from: "/nonesuch", to: "/x" }] })).rejects.toMatchObject({
      name: "UserError",
      message: "there is no /nonesuch to be seen inside",
    });
  });

  it("without any program for it, an error says what to install", async () => {
    await mkdir(join(entrance.work, "none"), { recursive: true });
    await symlink(join(entrance.work, "unshare/sh"), join(entrance.work, "none/sh")).catch(() => {});
    expect(await entrance.enter(isRoot ? "root" : "user", "none", { command: ["true"] })).toEqual([
      {
        message: "no program can be run apart from this machine",
        details: { bwrap: "bwrap is not installed", unshare: "setpriv is not installed" },
        hint: "install Debian's package bubblewrap",
      },
    ]);
  });

  it("bubblewrap that does not work is not insisted on", async () => {
    const folder = join(entrance.work, "broken");
    await mkdir(folder);
    for (const name of await readdir(join(entrance.work, "unshare"))) {
      await symlink(join(entrance.work, "unshare", name), join(folder, name));
    }
    await writeFile(join(folder, "bwrap"), "#!/bin/sh\necho 'bwrap: no permissions' >&2\nexit 1\n");
    await chmod(join(folder, "bwrap"), 0o755);
    const command = ["echo", "in"] as const;
    expect(await entrance.enter(isRoot ? "root" : "user", "broken", { command })).toEqual([{ stdout: "in\n" }]);
  });

  it.runIf(isRoot)(
    "programs of another architecture run where the kernel knows how, else an error says what to install",
    async () => {
      await writeFile(join(tree, "program"), smallestProgram("arm64"), { mode: 0o755 });
      const request = { command: ["/program"], options: { arch: "arm64" } } as const;
      const command = entrance.commandLine("root", "bwrap", [request]);
      // A user namespace has registrations of its own, since Linux 6.7: the machine's stay as they are.
      const start = 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && eval "$0" && exec "$@"';
      const registering = (how: string) => {
        return ["unshare", "--user", "--map-root-user", "--map-auto", "--mount", "sh", "-c", start, how, ...command];
      };
      expect(await outcomesOf(entrance.withIds(registering(":")))).toEqual([
        {
          message: "programs for arm64 do not run on this machine",
          details: {},
          hint:
            "install Debian's packages qemu-user-static and binfmt-support, and see that binfmt_misc is mounted and has " +
            "qemu-aarch64 (update-binfmts --enable qemu-aarch64)",
        },
      ]);
      const magic = "\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00";
      const register = `printf %s ':arm:M::${magic}::/usr/bin/qemu-aarch64-static:F' > /proc/sys/fs/binfmt_misc/register`;
      expect(await outcomesOf(entrance.withIds(registering(register)))).toEqual([{ stdout: "" }]);
    },
  );

  it.runIf(isRoot)("where users get no namespaces, an error says which setting allows them", async () => {
    // Of namespaces below this one there may be none.
    const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
    const denied = ["unshare", "--user", "--map-root-user", "--map-auto", "sh", "-c", script, "sh"];
    const command = entrance.commandLine("user", "bwrap", [{ command: ["true"] }]);
    expect(await outcomesOf(entrance.withIds([...denied, ...command]))).toEqual([
      {
        message: "no program can be run apart from this machine",
        details: { bwrap: expect.stringContaining("ENOSPC"), unshare: expect.stringContaining("No space left") },
        hint: "allow users their namespaces: sudo sysctl -w user.max_user_namespaces=15000",
      },
    ]);
  });
});

/** A number of seconds that is nobody else's. */
function mark(): string {
  return `${86_400 + Math.floor(Math.random() * 1e9)}`;
}
