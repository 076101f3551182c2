/** A folder that is made in one step: it is there when it is whole, in nobody else's place, and nothing beside it. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ToolError } from "../../../builder/system/errors.ts";
import { run } from "../../../builder/system/run.ts";
import { stageFolder } from "../../../builder/system/staged-folder.ts";
import { Workplace } from "../../support/bakery.ts";

let workplace: Workplace;
let folder: string;
beforeEach(async () => {
  workplace = await Workplace.open();
  folder = workplace.file("made");
});
afterEach(() => workplace[Symbol.asyncDispose]());

const fill = async (staging: string) => {
  await writeFile(join(staging, "file"), "whole");
  return { path: staging, result: "done" };
};
const failing = (error: unknown) => async (staging: string) => {
  await fill(staging);
  throw error;
};

it("is what was filled, or a folder in there, of which nothing else stays", async () => {
  expect(await stageFolder(folder, fill)).toBe("done");
  await stageFolder(workplace.file("inner"), async (staging) => {
    await fill(staging);
    await mkdir(join(staging, "tree"));
    return { path: join(staging, "tree"), result: undefined };
  });
  expect((await readdir(workplace.path, { recursive: true })).sort()).toEqual(["inner", "made", "made/file"]);
});

it("is not there when filling fails, however deep it has gone", async () => {
  const deep = "x".repeat(200);
  const making = stageFolder(folder, async (staging) => {
    const steps = Array.from({ length: 30 }, () => 'mkdir "$0" && cd "$0"').join(" && ");
    await run("bash", ["-c", `${steps} && : > file`, deep], { cwd: staging });
    return failing(new Error("no more"))(staging);
  });
  await expect(making).rejects.toThrow("no more");
  expect(await readdir(workplace.path)).toEqual([]);
});

it("is in nobody's place, also if they come while it is filled", async () => {
  const late = stageFolder(folder, async (staging) => {
    await mkdir(folder);
    await writeFile(join(folder, "theirs"), "theirs");
    return fill(staging);
  });
  const taken = {
    name: "UsageError",
    message: `${folder} is there already`,
    hint: expect.stringContaining("name another"),
  };
  await expect(late).rejects.toMatchObject(taken);
  await expect(stageFolder(folder, fill)).rejects.toMatchObject(taken);
  await expect(stageFolder(join(folder, "theirs"), fill)).rejects.toThrow("theirs is there already");
  expect(await readdir(workplace.path, { recursive: true })).toEqual(["made", "made/theirs"]);
});

it("replaces what may be replaced, asked when it begins and when it is whole", async () => {
  await mkdir(folder);
  await writeFile(join(folder, "before"), "before");
  const refuse = async () => Promise.reject(new Error("it is loved"));
  await expect(stageFolder(folder, fill, { checkReplaceable: refuse })).rejects.toThrow("it is loved");
  let asked = 0;
  const refuseLater = async () => (++asked === 1 ? undefined : refuse());
  await expect(stageFolder(folder, fill, { checkReplaceable: refuseLater })).rejects.toThrow("it is loved");
  expect(await readFile(join(folder, "before"), "utf8")).toBe("before");
  await stageFolder(folder, fill, { checkReplaceable: async () => {} });
  expect(await readdir(workplace.path, { recursive: true })).toEqual(["made", "made/file"]);
});

it.each([
  ["a system call", Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" })],
  ["a quota", Object.assign(new Error("EDQUOT: quota exceeded, write"), { code: "EDQUOT" })],
  [
    "a program",
    new ToolError("tar failed: exit code 2", { details: { output: "tar: x: Cannot write: No space left" } }),
  ],
])("says where there is no room, as %s says it", async (_, error) => {
  await expect(stageFolder(folder, failing(error))).rejects.toMatchObject({
    name: "ToolError",
    message: `no space left for ${folder}`,
    details: { folder: workplace.path },
    hint: "free some space there, or take a folder on a larger disk",
  });
  expect(await readdir(workplace.path)).toEqual([]);
});

it("cannot be made where nothing is, or a file", async () => {
  await writeFile(workplace.file("file"), "");
  const problem = {
    name: "UsageError",
    message: `there is no folder ${workplace.file("none")}`,
    hint: "make it first",
  };
  await expect(stageFolder(workplace.file("none/made"), fill)).rejects.toMatchObject(problem);
  await expect(stageFolder(workplace.file("file/made"), fill)).rejects.toThrow(
    `cannot make a folder in ${workplace.file("file")}`,
  );
  expect(await readdir(workplace.path)).toEqual(["file"]);
});
