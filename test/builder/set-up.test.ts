/** `setUp` of a recipe: the units that it writes, as systemd reads them. */
import { expect, it } from "vitest";
import { verifyUnits } from "../../builder/bake/checks/systemd-analyze.ts";
import { setUp } from "../../builder/recipe/index.ts";

const FOLDER = "usr/lib/systemd/system";

function textsOf(...args: Parameters<typeof setUp>): Map<string, string> {
  return new Map(setUp(...args).flatMap((entry) => (entry.kind === "file" ? [[entry.path, entry.text] as const] : [])));
}

it("is a unit that applies both, before each of those that wait for it", () => {
  const texts = textsOf("x", { before: ["a.service", "b.socket"], sysusers: "x.conf", tmpfiles: "10-x.conf" });
  expect([...texts.keys()]).toEqual([
    `${FOLDER}/x-setup.service`,
    `${FOLDER}/a.service.d/10-setup.conf`,
    `${FOLDER}/b.socket.d/10-setup.conf`,
  ]);
  // Users first: files belong to them.
  expect(texts.get(`${FOLDER}/x-setup.service`)).toMatch(
    /^ExecStart=\S+systemd-sysusers \/usr\/lib\/sysusers\.d\/x\.conf\nExecStart=\S+systemd-tmpfiles --create \/usr\/lib\/tmpfiles\.d\/10-x\.conf$/m,
  );
  expect(texts.get(`${FOLDER}/b.socket.d/10-setup.conf`)).toBe(
    "[Unit]\nWants=x-setup.service\nAfter=x-setup.service\n",
  );
});

it.each([{ sysusers: "x.conf" }, { tmpfiles: "x.conf" }])(
  "is nothing that systemd complains of, with %j",
  async (one) => {
    const texts = textsOf("x", { before: ["x.service"], ...one });
    texts.set(`${FOLDER}/x.service`, "[Service]\nUser=x\nExecStart=/bin/sh\n");
    const units = [`${FOLDER}/x-setup.service`, `${FOLDER}/x.service`];
    expect(await verifyUnits({ scope: "system", folders: [FOLDER], texts, aliases: new Map(), units })).toEqual([]);
  },
);
