/** Virtual machines for real: qemu boots a Debian with images merged, and guests of the same kind do a job. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readdir, rename } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { DEBIAN_RECIPE } from "../../builder/boot/debian.ts";
import { guestKernel } from "../../builder/guest/qemu/kernel.ts";
import { qemuRunner } from "../../builder/guest/qemu.ts";
import { guestTree } from "../../builder/guest/tree.ts";
import { progressOn } from "../../builder/system/progress.ts";
import { Workplace } from "../support/bakery.ts";
import { freePort, listening } from "../support/ports.ts";
import { describeWhere } from "../support/requirements.ts";

const BAKERY = fileURLToPath(new URL("../../bakery", import.meta.url));
const CACHE = process.env.BAKERY_CACHE ?? "";
/** Without KVM, on a machine that has more to do. Milliseconds. */
const PATIENCE = 240_000;

/** `./bakery boot`, with a pipe for its terminal and its temporary files in a folder of their own. */
class Boot {
  said = "";
  readonly exit: Promise<number | null>;
  readonly child: ChildProcess;

  constructor(cwd: string, temporary: string, ...args: string[]) {
    const env = { ...process.env, TMPDIR: temporary, BAKERY_MIRROR: "http://127.0.0.1:9" };
    this.child = spawn(BAKERY, ["boot", "--os", "debian", ...args], { cwd, env, stdio: "pipe" });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.said += text;
      });
    this.exit = new Promise((resolve) => this.child.on("close", resolve));
  }

  type(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  async sees(pattern: RegExp | string): Promise<void> {
    const matching = typeof pattern === "string" ? expect.stringContaining(pattern) : expect.stringMatching(pattern);
    await expect.poll(() => this.said, { timeout: PATIENCE, interval: 100 }).toEqual(matching);
  }
}

/** All that is said by whoever listens there. */
async function heardFrom(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let heard = "";
  for await (const piece of socket) heard += piece;
  return heard;
}

const lack =
  process.getuid?.() === 0
    ? await qemuRunner({ cache: CACHE, env: {} }).unavailable()
    : "needs root, to make a tree of Debian";

describeWhere(lack, "a virtual machine", () => {
  let workplace: Workplace;
  let tree: string;
  const temporary = async (name: string) => {
    const folder = workplace.file(name);
    await mkdir(folder);
    return folder;
  };

  beforeAll(async () => {
    workplace = await Workplace.open();
    const env = { BAKERY_EXTENSIONS: await temporary("extensions"), BAKERY_MIRROR: "http://127.0.0.1:9" };
    for (const [name, ...options] of [["hello", "--service"], ["waver"]] as const) {
      await workplace.run(["new", name, ...options], env);
      expect(await workplace.run(["create", name, "1.0.0"], env)).toMatchObject({ exitCode: 0 });
    }
    // The way they are published: the host has to call it by what is inside.
    await rename(workplace.file("waver.raw"), workplace.file("waver-1.0.0-x86-64.raw"));
    const progress = progressOn({ write: () => {} });
    await guestKernel({ cache: CACHE, env: {} });
    tree = await guestTree({ cache: CACHE, env: {}, progress }, DEBIAN_RECIPE);
  }, 600_000);
  afterAll(() => workplace[Symbol.asyncDispose]());
  afterEach(() => vi.unstubAllEnvs());

  it(
    "boots with images merged and units upheld, is reached at its ports, and is gone without a trace",
    async () => {
      const [own, others] = [await temporary("tmp-1"), await temporary("tmp-2")];
      const port = await freePort();
      const machine = new Boot(workplace.path, own, "hello.raw", "waver-1.0.0-x86-64.raw", "--ports", `${port}:80`);
      // Another one at the same time is another one; and it ends when it is told to, whatever it does.
      const other = new Boot(workplace.path, others, "hello.raw", "--ports", `${await freePort()}:80`);
      await other.sees("nothing of it is kept");
      other.child.kill("SIGTERM");
      expect(await other.exit).toBe(130);
      expect(await readdir(others)).toEqual([]);

      await machine.sees("root@bakery:~# ");
      expect(machine.said).toContain("with hello, waver merged");
      machine.type(
        "systemd-sysext status --json=short | cat; hello; waver; systemctl is-active hello.service; echo do''ne",
      );
      await machine.sees(/^done/m);
      expect(machine.said).toMatch(/"\/usr","extensions":\["hello","waver"\]/);
      expect(machine.said).toMatch(/^hello from hello\r?\nhello from waver\r?\nactive\r?$/m);

      machine.type("systemd-socket-activate --listen=80 --accept --inetd echo from the machine &");
      await expect.poll(() => heardFrom(port), { timeout: PATIENCE, interval: 500 }).toBe("from the machine\n");
      machine.type("poweroff -f");
      expect(await machine.exit).toBe(0);
      expect(await readdir(own)).toEqual([]);
    },
    PATIENCE,
  );

  it(
    "does a job over a tree that stays as it was: files, output, exit code, and the ports that it may reach",
    async () => {
      vi.stubEnv("TMPDIR", await temporary("tmp-3"));
      const server = createServer((request, response) => response.end(`served ${request.url}\n`));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = server.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      const forbidden = await listening();
      const runner = qemuRunner({ cache: CACHE, env: {} });
      const kept = await readdir(join(CACHE, "machines"));
      const url = (to: number, host = runner.hostAddress) => `curl --silent --max-time 20 http://${host}:${to}/`;
      const result = await runner.run({
        tree,
        ports: [port],
        files: [
          { path: "root/a b", content: "given\n" },
          { path: "usr/local/bin/tool", content: "#!/bin/sh\nprintf 'ran\\0\\n'\n", mode: 0o755 },
          { path: "etc/extensions/waver.raw", content: { file: workplace.file("waver-1.0.0-x86-64.raw") } },
        ],
        script: `cat "/root/a b"; stat -c %a /root; tool; systemctl is-active multi-user.target
systemd-sysext refresh >&2; waver
${url(port)}one; ${url(port)}two
${url(forbidden.port)} || echo refused; ${url(forbidden.port, "10.0.2.2")} || echo refused
touch /etc/written; echo complaint >&2; exit 5`,
        timeout: PATIENCE / 1_000,
      });
      server.close();
      forbidden.server.close();
      expect(result).toMatchObject({
        exitCode: 5,
        stdout: "given\n700\nran\0\nactive\nhello from waver\nserved /one\nserved /two\nrefused\nrefused\n",
      });
      expect(result.console).toContain("complaint");
      // The tree's image was made by the boot before.
      expect(await readdir(join(CACHE, "machines"))).toEqual(kept);
      expect(await readdir(`${tree}/etc`)).not.toContain("written");
      expect(await readdir(workplace.file("tmp-3"))).toEqual([]);
    },
    PATIENCE,
  );

  it.each(["its time is over", "it is aborted"])("is gone when %s", async (why) => {
    const folder = await temporary(`tmp-${why.length}`);
    vi.stubEnv("TMPDIR", folder);
    const [timeout, signal] = why.startsWith("its") ? [2, undefined] : [60, AbortSignal.timeout(2_000)];
    const ran = qemuRunner({ cache: CACHE, env: {} }).run({ tree, files: [], script: "sleep 60", timeout }, { signal });
    await expect(ran).rejects.toMatchObject(
      signal === undefined ? { message: "the guest was not done after 2 s" } : { name: "TimeoutError" },
    );
    expect(await readdir(folder)).toEqual([]);
  });
});
