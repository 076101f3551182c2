/** `./bakery verify-reproducible`: what it varies, and that it sees a difference. */
import { readdir } from "node:fs/promises";
import { expect, it } from "vitest";
import { FIXTURES, Workplace } from "../support/bakery.ts";
import { lackForMerging } from "../support/requirements.ts";
import { plant } from "./planted.ts";

const isWhole = lackForMerging() === undefined;

it.each([
  ["squashfs", []],
  ["squashfs", ["--compression", "xz"]],
  ["erofs", ["--arch", "arm64"]],
  ["ext4", []],
])("%s with %j is the same bytes, whoever builds it, where and when", async (format, options) => {
  await using workplace = await Workplace.open();
  const args = ["verify-reproducible", "greeter", "1.0.0", "--format", format, ...options, "--json"];
  const { exitCode, stdout } = await workplace.run(args, { BAKERY_EXTENSIONS: FIXTURES });
  expect(exitCode).toBe(0);
  const { varied, unvaried, sha256 } = JSON.parse(stdout);
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  // In CI, and for root, nothing may be left out.
  const all = ["clock", "user", "processors", "locale", "folder", "order and times of files", "umask", "time zone"];
  if (process.env.CI || isWhole) expect(varied).toEqual([...all, "SOURCE_DATE_EPOCH"]);
  expect([...varied, ...unvaried.map(({ name }: { name: string }) => name)]).toEqual(expect.arrayContaining(all));
  expect(await readdir(workplace.path)).toEqual([]);
});

it("what differs is kept, and the error says where it begins and what shows more", async () => {
  await using workplace = await Workplace.open();
  // A recipe that tells the time, as none may.
  const fields = 'tree: () => [r.file("usr/share/now", String(process.hrtime.bigint()))],';
  const env = { BAKERY_EXTENSIONS: await plant(workplace, fields) };
  const { exitCode, stderr } = await workplace.run(["verify-reproducible", "planted", "1.0.0"], env);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("error: two builds of the same inputs differ\n");
  expect(stderr).toMatch(/first differing byte {2}\d+\nhint: \.\/bakery diff planted-1.0.0-x86-64.first.raw planted/);
  expect((await readdir(workplace.path)).sort()).toEqual([
    "extensions",
    "planted-1.0.0-x86-64.first.raw",
    "planted-1.0.0-x86-64.second.raw",
  ]);
});

it("a build that fails says so in its own words", async () => {
  await using workplace = await Workplace.open();
  const env = { BAKERY_EXTENSIONS: await plant(workplace, 'provides: ["usr/bin/y"],') };
  const { exitCode, stderr } = await workplace.run(["verify-reproducible", "planted", "1.0.0"], env);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/error: a build failed\n.*usr\/bin\/y is missing/s);
});
