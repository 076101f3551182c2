/** Several extensions on one machine: what they both want is there once, and what cannot be both is refused. */
import { expect, test } from "vitest";
import { type HostProfile, makeConfiguration, parseChoice } from "../../schema/index.ts";

type Setup = Omit<HostProfile, "activation">;

/** Of a machine that has `a` and `b`. */
async function configure(a: Setup, b: Setup) {
  const setups = new Map([
    ["a", a],
    ["b", b],
  ] as const);
  const { host } = await makeConfiguration(
    parseChoice("a", [["with", "b"]]),
    { url: "https://b.example" },
    async (name) => ({
      advice: { transfers: ["every-version"], host: { activation: "refresh", ...setups.get(name as "a" | "b") } },
      releases: [{ version: "1", images: [{ arch: "x86-64", sha256: "a".repeat(64) }] }],
    }),
  );
  return host;
}

const hidden = { path: "/etc/extensions/c.raw", target: "/dev/null" };
const file = { path: "/etc/c.conf", mode: 0o644, text: "x\n" };
const dropin = { unit: "c.service", name: "10-c.conf", text: "[Service]\n" };
const user = { name: "c", uid: 990 };
const unit = "usr/lib/systemd/system/c.service";

test("what both want is there once", async () => {
  const both = {
    links: [hidden],
    files: [file],
    dropins: [dropin],
    users: [user],
    enable: [unit],
    mask: ["d.service"],
  };
  // Documents have their keys in any order.
  const turned = { ...both, files: [{ text: "x\n", mode: 0o644, path: "/etc/c.conf" }] };
  const host = await configure(both, turned);
  expect(host).toMatchObject(
    await configure(both, {}).then(({ links, users, initialFiles }) => ({ links, users, initialFiles })),
  );
  expect(host.links).toHaveLength(2);
  expect(host.units.filter(({ name }) => /^[cd]\./.test(name))).toEqual([
    { name: "d.service", mask: true },
    { name: "c.service", dropins: [{ name: "10-c.conf", contents: "[Service]\n" }] },
  ]);
});

test.each<[string, Setup, Setup]>([
  ["/etc/extensions/c.raw", { links: [hidden] }, { links: [{ ...hidden, target: "/opt/c.raw" }] }],
  ["/etc/c.conf", { files: [file] }, { files: [{ ...file, mode: 0o600 }] }],
  ["/etc/c.conf", { files: [file] }, { links: [{ path: file.path, target: "/dev/null" }] }],
  ["c.service.d/10-c.conf", { dropins: [dropin] }, { dropins: [{ ...dropin, text: "[Unit]\n" }] }],
  ["user c", { users: [user] }, { users: [{ ...user, uid: 991 }] }],
  [
    "/etc/systemd/system/multi-user.target.wants/c.service",
    { enable: [unit] },
    { enable: ["usr/local/lib/systemd/system/c.service"] },
  ],
])("of %s they cannot have two", async (place, a, b) => {
  await expect(configure(a, b)).rejects.toThrow(`invalid with: a and b want different things of ${place}`);
});
