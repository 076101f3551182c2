/**
 * Extensions with real programs, in the units and with the configuration of their recipes: merged in a guest, started,
 * and asked. Upstreams that tests do not reach are stood in for by Debian, which has their programs and their sources.
 */
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, it, vi } from "vitest";
import { EXTENSIONS_FOLDER } from "../../builder/catalog.ts";
import { Workplace } from "../support/bakery.ts";
import { guestUnavailable } from "../support/guests.ts";
import { artefact } from "../support/published/artefact.ts";
import { describeWhere } from "../support/requirements.ts";
import { sha256 } from "../support/sha256.ts";
import { archive, entry } from "../support/tar-archive.ts";
import { FakeGitHub } from "../support/upstreams/github.ts";
import { Mirror } from "../support/upstreams/mirror.ts";

interface Asked {
  /** Run in the guest, beyond the merge test's own steps. */
  readonly asked: readonly string[];
}

/** Programs that upstream compiles, from Debian's packages. */
interface Packaged extends Asked {
  /** Of trixie. */
  readonly packages: readonly string[];
  readonly paths: readonly string[];
}

/** Programs that our own script compiles, from upstream's source as Debian has it. */
interface Compiled extends Asked {
  readonly version: string;
  /** Below `pool/main` of Debian's archive. */
  readonly source: string;
  readonly sha256: string;
}

const DOOR = pathToFileURL(join(EXTENSIONS_FOLDER, "../builder/recipe/index.ts")).href;
const SUITE = "trixie";
const RUNC = "/usr/sbin/runc:/usr/bin/runc";
const CONTAINERD = ["/usr/bin/containerd", "/usr/bin/containerd-shim-runc-v2", "/usr/bin/ctr", RUNC];
/** What is started may take a moment. */
const until = (command: string) => `for n in $(seq 50); do ${command} && exit 0; sleep 0.2; done; exit 1`;

const PACKAGED: Readonly<Record<string, Packaged>> = {
  containerd: {
    packages: ["containerd", "runc"],
    paths: CONTAINERD,
    asked: [until("ctr version"), "ctr namespaces list"],
  },
  docker: {
    packages: ["docker.io", "docker-cli", "containerd", "runc"],
    paths: [
      ...CONTAINERD,
      "/usr/bin/docker",
      "/usr/sbin/dockerd:/usr/bin/dockerd",
      "/usr/sbin/docker-proxy:/usr/bin/docker-proxy",
      "/usr/bin/tini-static:/usr/bin/docker-init",
    ],
    asked: ["docker --version", "dockerd --version", "systemctl is-active docker.socket", until("ctr version")],
  },
};

const COMPILED: Readonly<Record<string, Compiled>> = {
  bird: {
    version: "3.3.2",
    source: "b/bird3/bird3_3.3.2.orig.tar.xz",
    sha256: "2cb50a24975bba60d05a1864fa92d7e605e9b29b01b02025c153e00d10fd9251",
    asked: [
      "mkdir -p /etc/bird && printf 'router id 192.0.2.1;\\nprotocol device { }\\n' > /etc/bird/bird.conf",
      until("birdcl show status"),
      "systemctl is-active bird.service",
    ],
  },
  btop: {
    version: "1.2.13",
    source: "b/btop/btop_1.2.13.orig.tar.gz",
    sha256: "668dc4782432564c35ad0d32748f972248cc5c5448c9009faeb3445282920e02",
    asked: [],
  },
  chrony: {
    version: "4.6.1",
    source: "c/chrony/chrony_4.6.1.orig.tar.gz",
    sha256: "571ff73fbf0ae3097f0604eca2e00b1d8bb2e91affe1a3494785ff21d6199c5c",
    // A guest may not set the machine's clock, so systemd does not start the unit there: the program is, without that.
    asked: [
      "systemctl start chronyd.service; systemctl show --property ConditionResult chronyd.service",
      "mkdir -p /run/chrony /etc/chrony && echo 'local stratum 10' > /etc/chrony/chrony.conf && chronyd -x -u root",
      until("chronyc -n tracking"),
    ],
  },
  haproxy: {
    version: "3.0.11",
    source: "h/haproxy/haproxy_3.0.11.orig.tar.gz",
    sha256: "a133e2d550c5fd9a849b5c7ab17bb945bcdad209ca140d41f45ebf31943ae783",
    asked: ["systemctl start haproxy.service", until("curl --silent --fail http://127.0.0.1:8404/stats")],
  },
  keepalived: {
    version: "v2.3.3",
    source: "k/keepalived/keepalived_2.3.3.orig.tar.gz",
    sha256: "2288c5c7609fa452782b7acefa19acce742d0204dc17f54d36da46b10f8b590c",
    asked: ["systemctl is-active keepalived.service", "genhash --help 2>&1 | grep -i -e --url"],
  },
};

/** They come from Debian as they are. */
const AS_THEY_ARE = ["htop", "mtr", "strace", "tcpdump", "tilde", "tmux", "vim"];

/** The extension with a recipe that differs from its own as `changes` says: an object's members, which see `original`. */
async function plant(folder: string, name: string, changes: string): Promise<void> {
  const own = join(EXTENSIONS_FOLDER, name);
  await mkdir(join(folder, name), { recursive: true });
  for (const entry of await readdir(own)) {
    if (entry !== "recipe.ts") await symlink(join(own, entry), join(folder, name, entry));
  }
  await writeFile(
    join(folder, name, "recipe.ts"),
    `import original from ${JSON.stringify(pathToFileURL(join(own, "recipe.ts")).href)};
import { debianRootfs, defineExtension, fixed, flix, pinned, unpack } from ${JSON.stringify(DOOR)};

export default defineExtension({ ...original, ${changes} });
`,
  );
}

function packaged({ packages, paths }: Packaged): string {
  const rootfs = JSON.stringify({ suite: SUITE, packages });
  return `versions: fixed("1.0.0"), downloads: undefined, bundled: undefined, smoke: undefined,
  build: () => [flix(debianRootfs(${rootfs}), ${JSON.stringify(paths)})]`;
}

/** Snapshots of Debian cannot be reached from everywhere; what Debian has today can. */
const OF_TODAY =
  "build: (context) => original.build(context).map((one) => ({ ...one, rootfs: { ...one.rootfs, archive: undefined } }))";

function compiled({ version, source, sha256 }: Compiled): string {
  const download = `{ url: "https://deb.debian.org/debian/pool/main/${source}", verify: pinned({ "${version}": "${sha256}" }), install: unpack(".", { strip: 1 }) }`;
  return `versions: fixed("${version}"), downloads: () => [${download}], ${OF_TODAY}`;
}

/** NVIDIA's release as GitHub has it, with programs that do nothing. */
async function nvidia() {
  const binaries: Readonly<Record<string, readonly string[]>> = {
    "libnvidia-container1": ["usr/lib/x86_64-linux-gnu/libnvidia-container.so.1"],
    "libnvidia-container-tools": ["usr/bin/nvidia-container-cli"],
    "nvidia-container-toolkit-base": ["usr/bin/nvidia-container-runtime", "usr/bin/nvidia-ctk"],
    "nvidia-container-toolkit": ["usr/bin/nvidia-container-runtime-hook"],
  };
  const packages = Object.entries(binaries).map(async ([name, paths]) => {
    const members = paths.map((path) => ({ path: `./${path}`, kind: path.includes(".so") ? "lib" : "elf" }) as const);
    const folder = "release-v1.18.1-stable/packages/ubuntu18.04/amd64";
    const bytes = await artefact("a.deb", { pattern: "", checksums: "plain", members }, "x86-64");
    return entry({ path: `${folder}/${name}_1.18.1-1_amd64.deb` }, bytes);
  });
  const bundle = gzipSync(archive(...(await Promise.all(packages))));
  const file = "nvidia-container-toolkit_1.18.1_deb_amd64.tar.gz";
  const sums = Buffer.from(`${sha256(bundle)}  ${file}\n`);
  const github = new FakeGitHub();
  const assets = { [file]: bundle, "nvidia-container-toolkit_1.18.1_checksums.txt": sums };
  github.publish("NVIDIA/nvidia-container-toolkit", { tag: "v1.18.1", assets });
  return github.hosts;
}

vi.setConfig({ testTimeout: 900_000 });

describeWhere(await guestUnavailable(), "real programs, in the units of their extensions", () => {
  it.each(Object.entries(PACKAGED))("%s, from Debian's packages", async (name, real) => {
    await using workplace = await Workplace.open();
    await plant(workplace.file("extensions"), name, packaged(real));
    await bakeAndTest(workplace, name, "1.0.0", {
      asked: real.asked,
      extensions: workplace.file("extensions"),
    });
  });

  it.each(Object.entries(COMPILED))("%s, compiled by its own script", async (name, real) => {
    await using workplace = await Workplace.open();
    await plant(workplace.file("extensions"), name, compiled(real));
    await bakeAndTest(workplace, name, real.version, {
      asked: real.asked,
      extensions: workplace.file("extensions"),
    });
  });

  it("chrony, compiled twice, is the same", async () => {
    await using workplace = await Workplace.open();
    const { chrony } = COMPILED;
    if (chrony === undefined) throw new RangeError("chrony is compiled");
    await plant(workplace.file("extensions"), "chrony", compiled(chrony));
    const env = { BAKERY_CACHE: process.env.BAKERY_CACHE, BAKERY_EXTENSIONS: workplace.file("extensions") };
    const verified = await workplace.run(["verify-reproducible", "chrony", chrony.version], env);
    expect(verified.exitCode, verified.stderr).toBe(0);
    expect(verified.stdout).toMatch(/^varied .*umask/m);
    expect(verified.stdout).toMatch(/^not varied .*user: a script runs in a tree/m);
  });

  it("nvidia-runtime, from packages of the right shape", async () => {
    await using workplace = await Workplace.open();
    await using mirror = await Mirror.open(await nvidia());
    await plant(workplace.file("extensions"), "nvidia-runtime", `smoke: undefined, ${OF_TODAY}`);
    await bakeAndTest(workplace, "nvidia-runtime", "v1.18.1", {
      extensions: workplace.file("extensions"),
      env: { BAKERY_MIRROR: mirror.url },
    });
  });

  it.each(AS_THEY_ARE)("%s, as it is", async (name) => {
    await using workplace = await Workplace.open();
    const { stdout } = await workplace.run(["list", name, "--latest"], { BAKERY_CACHE: process.env.BAKERY_CACHE });
    await bakeAndTest(workplace, name, stdout.trim());
    // Nothing of it is run to be wrapped, so it can be for another architecture.
    const other = ["--arch", "arm64", "--output-file", `${name}-arm64`];
    const created = await workplace.run(["create", name, stdout.trim(), ...other], {
      BAKERY_CACHE: process.env.BAKERY_CACHE,
    });
    expect(created.exitCode, created.stderr).toBe(0);
  });
});

interface Baking {
  /** In the guest. */
  readonly asked?: readonly string[];
  readonly extensions?: string;
  readonly env?: NodeJS.ProcessEnv;
}

async function bakeAndTest(
  workplace: Workplace,
  name: string,
  version: string,
  { asked = [], extensions = EXTENSIONS_FOLDER, env: more = {} }: Baking = {},
): Promise<void> {
  const env = { BAKERY_CACHE: process.env.BAKERY_CACHE, BAKERY_EXTENSIONS: extensions, ...more };
  const created = await workplace.run(["create", name, version], env);
  expect(created.exitCode, created.stderr).toBe(0);
  const smoke = asked.flatMap((command) => ["--smoke", command]);
  const { stdout } = await workplace.run(["test", `${name}.raw`, "--json", ...smoke], env);
  const { error, ...tested } = JSON.parse(stdout);
  const { steps } = (error?.value ?? tested) as { steps: { title: string; status: string; output?: string[] }[] };
  // All of it, so that a failure tells what was said.
  expect(steps.filter(({ status }) => status !== "ok" && status !== "none")).toEqual([]);
  expect(steps.map(({ title }) => title).join("\n")).toContain("merge");
}
