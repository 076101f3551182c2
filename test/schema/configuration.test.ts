/** Configurations of machines: a choice is its query, all forms say the same, and no text becomes anything else. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { SHELL_FUNCTIONS } from "../../schema/configuration/shell-functions.ts";
import {
  type Choice,
  type ConfigurationFormat,
  formatChoice,
  formatConfiguration,
  type HostConfiguration,
  type HostProfile,
  makeConfiguration,
  parseChoice,
} from "../../schema/index.ts";
import { butaneToIgnition, withPlainDataUrls } from "../support/butane-to-ignition.ts";
import { arch, extensionName, version } from "./arbitraries.ts";

const chosen = fc.record({ name: extensionName, version }, { requiredKeys: ["name"] });
const choice = fc
  .record(
    {
      extensions: fc.uniqueArray(chosen, { minLength: 1, maxLength: 5, selector: ({ name }) => name }),
      arch,
      follow: fc.constantFrom("advised", "every", "series", "off"),
      after: fc.constantFrom("advised", "reboot", "nothing"),
      verify: fc.boolean(),
      systemd: fc.integer({ min: 251, max: 999 }),
      format: fc.constantFrom("butane", "ignition", "shell", "ansible"),
    },
    { requiredKeys: ["extensions", "arch", "follow", "after", "format"] },
  )
  .map((it) => it as unknown as Choice);

test("a choice is its query string, and back", () => {
  fc.assert(
    fc.property(choice, (it) => {
      expect(parseChoice(it.extensions[0].name, new URLSearchParams(formatChoice(it)))).toEqual(it);
    }),
  );
  const plain = parseChoice("docker", []);
  expect(formatChoice(plain)).toBe("");
  const shared = {
    version: "v1.32.2+k3s1",
    with: "docker, crio@v1.32",
    follow: "series",
    systemd: "257",
    format: "shell",
  };
  const query = formatChoice(parseChoice("k3s", Object.entries(shared)));
  expect(query).toBe("version=v1.32.2%2Bk3s1&with=docker,crio@v1.32&follow=series&systemd=257&format=shell");
});

test.each([
  [{ with: "a,B" }, 'invalid with: "B"'],
  [{ with: Array.from({ length: 16 }, (_, at) => `a${at}`).join() }, "invalid with: more than 16 extensions"],
  [{ with: "docker@../etc" }, 'invalid with: "docker@../etc": invalid version'],
  [{ version: "1.0\n" }, "invalid version:"],
  [{ systemd: "257.1" }, "invalid systemd:"],
  [{ verify: "yes" }, 'invalid verify: "yes" (allowed: true, false)'],
])("%j is refused by its name", (query, message) => {
  expect(() => parseChoice("k3s", Object.entries<string>(query))).toThrow(message);
});

/** Nothing that a shell, YAML, a template, a URL or a unit file would read as its own. */
const hostile = fc.oneof(
  fc.string({ unit: "grapheme-composite" }).map((it) => it.replaceAll("\0", "").toWellFormed()),
  fc.string({
    unit: fc.constantFrom("'", '"', "\\", "$", "`", "{{", "}}", "%", "#", "!", "\n", " ", ":", "-", "EOF", "é"),
  }),
  fc.constantFrom(
    "",
    "\n",
    "yes",
    "0644",
    "null",
    "---\n",
    "  indented\n\n",
    "no end",
    "$(touch /tmp/x)\n",
    "\t\r\n",
    " \n",
    "\n \n",
  ),
);
const machine = fc.record({
  choice,
  text: hostile,
  other: hostile,
  advice: fc.boolean(),
  activation: fc.constantFrom<HostProfile["activation"]>("refresh", "reboot", { restart: ["a.service", "b@1.socket"] }),
  signed: fc.boolean(),
});

type Machine = typeof machine extends fc.Arbitrary<infer M> ? M : never;

/** Of a bakery that has what is chosen, each with a setup that has everything. */
async function configure(it: Machine) {
  const { choice, text, other, activation } = it;
  const versions = new Map(choice.extensions.map(({ name, version = "1.2.3" }) => [name, version]));
  const host = {
    activation,
    enable: ["usr/lib/systemd/system/own.service"],
    mask: ["other.service"],
    files: [{ path: "/etc/own/a.conf", mode: 0o640, text, group: "own" }],
    links: [{ path: "/etc/own/link", target: "/dev/null" }],
    dropins: [{ unit: "other.service", name: "10-own.conf", text: other }],
    users: [{ name: "own", uid: 990, home: "/var/lib/own" }],
  };
  const [{ name: first }] = choice.extensions;
  const verify = it.signed ? choice.verify : false;
  const follow = choice.follow === "series" ? "every" : choice.follow;
  const possible: Choice = { ...choice, follow, ...(verify !== undefined && { verify }) };
  const made = await makeConfiguration(
    possible,
    { url: "https://b.example/x%20y", signed: it.signed },
    async (name) => ({
      releases: [{ version: versions.get(name) ?? "", images: [{ arch: choice.arch, sha256: "a".repeat(64) }] }],
      ...(it.advice && name === first && { advice: { transfers: ["every-version" as const], host } }),
    }),
  );
  const written = (format: ConfigurationFormat) => formatConfiguration(made.host, { format, arch: choice.arch });
  return { ...made, written };
}

test("Butane and Ignition say the same, whatever is chosen and whatever texts are in it", async () => {
  await fc.assert(
    fc.asyncProperty(machine, async (it) => {
      const { written } = await configure(it);
      const ignition = JSON.parse(written("ignition"));
      expect(withPlainDataUrls(butaneToIgnition(written("butane")))).toEqual(withPlainDataUrls(ignition));
    }),
  );
});

/** Whatever is to be written as a file, by its path. */
function textsOf({ extensions, files, initialFiles, units }: HostConfiguration): Map<string, string> {
  const all = [...extensions.flatMap(({ transfer }) => transfer ?? []), ...files, ...initialFiles];
  const texts = all.flatMap(({ path, contents }) => ("text" in contents ? [[path, contents.text] as const] : []));
  const dropins = units.flatMap(({ name, dropins: own = [] }) =>
    own.map((dropin) => [`/etc/systemd/system/${name}.d/${dropin.name}`, dropin.contents] as const),
  );
  return new Map([...texts, ...dropins]);
}

test("Ansible gets every text as it is, and none as a template", async () => {
  const unsafe = { tag: "!unsafe", resolve: (value: string) => ({ unsafe: value }) };
  await fc.assert(
    fc.asyncProperty(machine, async (it) => {
      const { written, host } = await configure(it);
      const all: { block?: Record<string, Record<string, unknown>>[] }[] = parse(written("ansible"), {
        version: "1.1",
        customTags: [unsafe],
      });
      const tasks = all.flatMap(({ block = [] }) => block);
      const copies = tasks.flatMap(({ "ansible.builtin.copy": copy }) =>
        // (Notes of its own are templates.)
        copy === undefined || `${copy.dest}`.startsWith("/run/") ? [] : [[copy.dest, copy.content] as const],
      );
      expect(new Map(copies)).toEqual(new Map([...textsOf(host)].map(([path, text]) => [path, { unsafe: text }])));
    }),
  );
});

/** In place of the script's functions: they tell what they are called with. */
const TELLING = `for name in extension fetch_image fetch place only initially link add_user enable mask merge; do eval "$name() { changed=; }"; done
initially() { "$@"; }
write() { printf '%s\\0%s\\0' "$1" "$4"; }
id() { echo 0; }
uname() { case $1 in -m) echo "$MACHINE" ;; esac; }
systemctl() { :; }
command() { :; }
rm() { :; }
`;

test("a shell reads every text as it is, and runs none of it", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(machine, async (it) => {
      const { written, host } = await configure(it);
      const script = written("shell");
      expect(script).toContain(SHELL_FUNCTIONS);
      const telling = script.replace(SHELL_FUNCTIONS, () => `merges= waits=\n${TELLING}`);
      const MACHINE = it.choice.arch === "arm64" ? "aarch64" : "x86_64";
      const told = execFileSync("sh", ["-c", telling], { env: { ...process.env, MACHINE } }).toString();
      const words = told.split("\0");
      const pairs = Array.from({ length: words.length >> 1 }, (_, at) => [words[2 * at], words[2 * at + 1]] as const);
      expect(new Map(pairs)).toEqual(textsOf(host));
    }),
    { numRuns: 30 },
  );
});

describe("the machine's systemd decides", () => {
  const of = async (query: Record<string, string>, signed = false, hasPages = true, homepage?: string) =>
    makeConfiguration(
      parseChoice("k", Object.entries({ format: "ignition", ...query })),
      { url: "https://b.example", signed, hasPages },
      async () => ({
        ...(homepage !== undefined && { homepage }),
        advice: { transfers: ["every-version", "patch-level"], host: { activation: "reboot" } },
        releases: [{ version: "v1.2.3", images: [{ arch: "x86-64", sha256: "a".repeat(64) }] }],
      }),
    );
  const transferOf = ({ host }: Awaited<ReturnType<typeof of>>) => host.extensions[0]?.transfer;
  const units = ({ host }: Awaited<ReturnType<typeof of>>) =>
    host.units.map(({ name, mask }) => (mask ? `-${name}` : name));

  test("up to 256 and where nothing is known: the bakery's own transfer file", async () => {
    for (const query of [{}, { systemd: "256" }]) {
      expect(transferOf(await of(query))).toEqual({
        path: "/etc/sysupdate.k.d/k.conf",
        mode: 0o644,
        contents: { url: "https://b.example/extensions/k/k.conf" },
      });
    }
  });

  test("where indexes are to be verified: one that says so, whatever the bakery's own says", async () => {
    const contentsOf = async (query: Record<string, string>) => transferOf(await of(query, true))?.contents;
    expect(await contentsOf({})).toEqual({ text: expect.stringContaining("\nVerify=true\n") });
    // And where somebody wants less than the bakery offers, that too is said.
    expect(await contentsOf({ verify: "false" })).toEqual({ text: expect.stringContaining("\nVerify=false\n") });
  });

  test("from 257 on: .transfer, which leads people to the extension's page", async () => {
    const transfer = transferOf(await of({ systemd: "257", follow: "series" }));
    expect(transfer?.path).toBe("/etc/sysupdate.k.d/k-v1.2.transfer");
    expect(transfer?.contents).toEqual({
      text: expect.stringContaining("\nChangeLog=https://b.example/catalogue/k\n"),
    });
    expect(transfer?.contents).toEqual({ text: expect.stringContaining("\nMatchPattern=k-v1.2.@v-%a.raw\n") });
  });

  test("and where a bakery has no pages, to the extension's own, or nowhere", async () => {
    const textOf = async (homepage?: string) =>
      JSON.stringify(transferOf(await of({ systemd: "257" }, false, false, homepage))?.contents);
    expect(await textOf("https://k.example/50%25")).toContain("\\nChangeLog=https://k.example/50%%25\\n");
    expect(await textOf()).toMatch(/\[Transfer\]\\nVerify=false\\n\\n?\[Source\]/);
  });

  test("from 260 on the bakery has to sign anew in time; from 262 on units have other names, and none merges on its own", async () => {
    expect((await of({ systemd: "259" }, true)).host.notes).toEqual([]);
    expect((await of({ systemd: "260" }, true)).host.notes).toEqual([expect.stringContaining("sign anew")]);
    expect(units(await of({ systemd: "261" }))).toContain("systemd-sysupdate.timer");
    expect(units(await of({ systemd: "262" }))).toEqual([
      "systemd-sysext.service",
      "systemd-sysupdate-update.timer",
      "systemd-sysupdate-update.service",
      "-systemd-sysupdate-notify-sysext.socket",
    ]);
  });

  test("a signed bakery's keys come along, and who does not want them gets a transfer file that says so", async () => {
    expect((await of({}, true)).host.initialFiles.map(({ path }) => path)).toEqual(["/etc/systemd/import-pubring.gpg"]);
    const unverified = await of({ verify: "false" }, true);
    expect(unverified.host.initialFiles).toEqual([]);
    expect(transferOf(unverified)?.contents).toEqual({ text: expect.stringContaining("Verify=false\n") });
  });

  test("without updates nothing asks the bakery again", async () => {
    const { host } = await of({ follow: "off" }, true);
    expect(host).toMatchObject({ files: [], initialFiles: [], units: [{ name: "systemd-sysext.service" }] });
    expect(transferOf({ host } as Awaited<ReturnType<typeof of>>)).toBeUndefined();
  });
});

test("where one extension waits for a boot, a merge for another one would not leave it alone: all of them wait", async () => {
  const activations = { tool: "refresh", kubelet: "reboot" } as const;
  const { host } = await makeConfiguration(
    parseChoice("tool", [["with", "kubelet"]]),
    { url: "https://b.example" },
    async (name) => ({
      advice: { transfers: ["every-version"], host: { activation: activations[name as keyof typeof activations] } },
      releases: [{ version: "1", images: [{ arch: "x86-64", sha256: "a".repeat(64) }] }],
    }),
  );
  expect(host.extensions.map(({ activation }) => activation)).toEqual(["reboot", "reboot"]);
  expect(host.notes).toHaveLength(1);
});
