/**
 * Extensions whose upstreams these machines cannot reach, with the real programs out of Debian's packages in place of
 * them: their units and configuration are those of the recipes. Merged in a guest, started, and asked.
 */
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, vi } from "vitest";
import { EXTENSIONS_FOLDER } from "../../builder/catalog.ts";
import { Workplace } from "../support/bakery.ts";
import { guestUnavailable } from "../support/guests.ts";
import { describeWhere } from "../support/requirements.ts";

interface Real {
  /** Of trixie. */
  readonly packages: readonly string[];
  readonly paths: readonly string[];
  /** Run in the guest, beyond the merge test's own steps. */
  readonly asked: readonly string[];
}

const DOOR = pathToFileURL(join(EXTENSIONS_FOLDER, "../builder/recipe/index.ts")).href;
const RUNC = "/usr/sbin/runc:/usr/bin/runc";
const CONTAINERD = ["/usr/bin/containerd", "/usr/bin/containerd-shim-runc-v2", "/usr/bin/ctr", RUNC];
/** What is started may take a moment. */
const until = (command: string) => `for n in $(seq 50); do ${command} && exit 0; sleep 0.2; done; exit 1`;

const REAL: Readonly<Record<string, Real>> = {
  bird: {
    packages: ["bird3"],
    paths: ["/usr/sbin/bird:/usr/bin/bird", "/usr/sbin/birdc:/usr/bin/birdc", "/usr/sbin/birdcl:/usr/bin/birdcl"],
    asked: [
      "mkdir -p /etc/bird && printf 'router id 192.0.2.1;\\nprotocol device { }\\n' > /etc/bird/bird.conf",
      "systemctl restart bird.service",
      until("birdcl show status"),
    ],
  },
  chrony: {
    packages: ["chrony"],
    paths: ["/usr/bin/chronyc", "/usr/sbin/chronyd:/usr/bin/chronyd"],
    // A guest may not set the machine's clock, so systemd does not start the unit there: the program is, without that.
    asked: [
      "systemctl start chronyd.service; systemctl show --property ConditionResult chronyd.service",
      "mkdir -p /run/chrony /etc/chrony && echo 'local stratum 10' > /etc/chrony/chrony.conf && chronyd -x -u root",
      until("chronyc -n tracking"),
    ],
  },
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
    ],
    asked: ["docker --version", "dockerd --version", "systemctl is-active docker.socket", until("ctr version")],
  },
  haproxy: {
    packages: ["haproxy"],
    paths: ["/usr/sbin/haproxy:/usr/bin/haproxy"],
    asked: ["systemctl start haproxy.service", until("curl --silent --fail http://127.0.0.1:8404/stats")],
  },
  keepalived: {
    packages: ["keepalived"],
    paths: ["/usr/sbin/keepalived:/usr/bin/keepalived"],
    asked: ["keepalived --version", "systemctl cat keepalived.service"],
  },
};

/** The extension with other programs: all else is what it is. */
async function plantReal(folder: string, name: string, { packages, paths }: Real): Promise<void> {
  const original = join(EXTENSIONS_FOLDER, name);
  await mkdir(join(folder, name), { recursive: true });
  for (const entry of await readdir(original)) {
    if (entry === "files") await symlink(join(original, entry), join(folder, name, entry));
  }
  const recipe = pathToFileURL(join(original, "recipe.ts")).href;
  await writeFile(
    join(folder, name, "recipe.ts"),
    `import original from ${JSON.stringify(recipe)};
import { debianRootfs, defineExtension, fixed, flix } from ${JSON.stringify(DOOR)};

const { downloads, bundled, smoke, ...recipe } = original;
export default defineExtension({
  ...recipe,
  versions: fixed("1.0.0"),
  build: () => [flix(debianRootfs({ suite: "trixie", packages: ${JSON.stringify(packages)} }), ${JSON.stringify(paths)})],
});
`,
  );
}

vi.setConfig({ testTimeout: 600_000 });

describeWhere(await guestUnavailable(), "real programs, in the units of their extensions", () => {
  it.each(Object.entries(REAL))("%s", async (name, real) => {
    await using workplace = await Workplace.open();
    await plantReal(workplace.file("extensions"), name, real);
    const env = { BAKERY_CACHE: process.env.BAKERY_CACHE, BAKERY_EXTENSIONS: workplace.file("extensions") };
    expect(await workplace.run(["create", name, "1.0.0"], env)).toMatchObject({ exitCode: 0 });

    const asked = real.asked.flatMap((command) => ["--smoke", command]);
    const { stdout } = await workplace.run(["test", `${name}.raw`, "--json", ...asked], env);
    const { error, ...tested } = JSON.parse(stdout);
    const { steps } = (error?.value ?? tested) as { steps: { title: string; status: string; output?: string[] }[] };
    // All of it, so that a failure tells what was said.
    expect(steps.filter(({ status }) => status !== "ok" && status !== "none")).toEqual([]);
  });
});
