/** `./bakery completion`, in the shells that it is for. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workplace } from "../support/bakery.ts";
import { PRESS_TAB } from "./completed.ts";
import { plant } from "./planted.ts";

const ODD = "odd & 'quoted' $HOME.raw";

/** Each line, and what its last word can become. */
const LINES = [
  ["a command", "./bakery cre", ["create"]],
  ["the command that explains commands", "./bakery help verify", ["verify-reproducible"]],
  ["an option", "./bakery list --off", ["--offline"]],
  ["an option behind operands", "./bakery create planted 1.0.0 --form", ["--format"]],
  ["the value of an option", "./bakery create planted --format sq", ["squashfs"]],
  ["the value of an option behind =", "./bakery create planted --format=sq", ["--format=squashfs"]],
  ["the value of a flag that may have one", "./bakery list --latest=t", ["--latest=true"]],
  ["what machines may be told", "./bakery config planted --follow ser", ["series"]],
  ["what goes on behind =", "./bakery create planted --allow setu", ["setuid="]],
  ["one of the shells", "./bakery completion z", ["zsh"]],
  ["an extension", "./bakery create plan", ["planted", "plantlet"]],
  ["an extension behind an option and its value", "./bakery create --arch arm64 plantl", ["plantlet"]],
  ["an extension behind a flag", "./bakery reindex --due plantl", ["plantlet"]],
  ["an extension behind --", "./bakery create -- plantl", ["plantlet"]],
  ["no option behind --", "./bakery create -- --form", []],
  ["no version, which only the network knows", "./bakery create planted ", []],
  ["no file where none is due", "./bakery create planted o", []],
  ["an option that an extension's recipe has", "./bakery create planted --with", ["--without"]],
  ["its value", "./bakery create planted --without cont", ["containerd"]],
  ["its value, right behind =", "./bakery create planted --without=", ["--without=containerd"]],
  ["no option of another extension's recipe", "./bakery create plantlet --with", []],
  ["a file with an odd name", "./bakery inspect odd", [ODD]],
  ["a file, behind a URL", "./bakery diff https://a.example/a.raw odd", [ODD]],
  ["each of several files", "./bakery boot a.raw b.raw odd", [ODD]],
  ["a folder, and no file", "./bakery rootfs o", ["other folder/"]],
] as const;

let workplace: Workplace;
let env: { BAKERY_EXTENSIONS: string };

beforeAll(async () => {
  workplace = await Workplace.open();
  const recipe = `options: { without: r.choice("leave one out", "containerd") },`;
  env = { BAKERY_EXTENSIONS: await plant(workplace, recipe) };
  for (const name of ["plantlet", "plant_ed", "Planted"]) {
    await mkdir(workplace.file(`extensions/${name}`));
    await writeFile(workplace.file(`extensions/${name}/recipe.ts`), "");
  }
  await mkdir(workplace.file("other folder"));
  await writeFile(workplace.file(ODD), "");
  // Found for the extensions beside it, and never run.
  await writeFile(workplace.file("bakery"), "#!/bin/sh\ntouch run\n");
  await chmod(workplace.file("bakery"), 0o755);
});
afterAll(() => workplace[Symbol.asyncDispose]());

describe.each(["bash", "zsh", "fish"] as const)("a TAB in %s completes", (shell) => {
  let completed: string[][];

  beforeAll(async () => {
    const { stdout } = await workplace.run(["completion", shell], env);
    await writeFile(workplace.file(`completion.${shell}`), stdout);
    const place = { folder: workplace.path, script: `./completion.${shell}` };
    completed = await PRESS_TAB[shell](
      place,
      LINES.map(([, line]) => line),
    );
  });

  it.each(LINES.map(([what, line, expected], at) => ({ what, line, expected, at })))(
    "$what: $line",
    ({ expected, at }) => {
      // Some put the slash of a folder in the line only when one goes on.
      const withSlash = (word: string) => (expected.some((one) => one === `${word}/`) ? `${word}/` : word);
      expect(completed[at]?.map(withSlash)).toEqual(expected);
    },
  );
});

it("no other shell's, and says which there are", async () => {
  expect(await workplace.run(["completion", "tcsh"])).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: expect.stringContaining("Allowed choices are bash, zsh, fish."),
  });
});
