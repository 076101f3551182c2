/** Recipes that cannot be followed: refused when planned, before anybody is asked for anything. */
import { expect, it } from "vitest";
import { Workplace } from "../support/bakery.ts";
import { sha256 } from "../support/sha256.ts";
import { fileHost } from "../support/upstreams/file-host.ts";
import { Mirror } from "../support/upstreams/mirror.ts";
import { plant } from "./planted.ts";

const URL_ = "https://files.example/tool";

async function withDownload(url: string, verify: string, command = "plan") {
  await using workplace = await Workplace.open();
  await using mirror = await Mirror.open({ "files.example": fileHost({ "/tool": "content", "/tool.sha256": "oops" }) });
  const download = `{ url: ${JSON.stringify(url)}, verify: ${verify}, install: r.binary("usr/bin/x") }`;
  const extensions = await plant(workplace, `downloads: () => [${download}],`);
  const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: extensions };
  const { exitCode, stderr } = await workplace.run([command, "planted", "1.0.0"], env);
  return { exitCode, stderr, asked: mirror.arrivals.length };
}

it.each([
  ["tool", 'r.unverified("x")', "a download needs an https URL"],
  ["https://", 'r.unverified("x")', "a download needs an https URL"],
  ["ftp://files.example/tool", "r.pinned({})", "a download needs an https URL"],
  ["file:///etc/passwd", 'r.unverified("x")', "a download needs an https URL"],
  ["http://files.example/tool", 'r.unverified("x")', "an unverified download needs an https URL"],
  ["https://files.example/", 'r.unverified("x")', "a download's URL ends in the file's name"],
  ["https://files.example/%zz", 'r.unverified("x")', "a download's URL ends in the file's name"],
  [URL_, 'r.checksumFile("http://files.example/tool.sha256")', "a checksum file needs an https URL"],
  [URL_, 'r.checksumFile("tool.sha256")', "a checksum file needs an https URL"],
])("a download of %j by %s", async (url, verify, problem) => {
  expect(await withDownload(url, verify)).toEqual({
    exitCode: 1,
    stderr: `error: the recipe of planted cannot be followed: ${problem}${
      problem.startsWith("a checksum") ? `, not ${/"(.*)"/.exec(verify)?.[1]}` : ""
    }\n  url  ${url}\n`,
    asked: 0,
  });
});

it("a checksum file that is a page about something else is refused by name", async () => {
  const { exitCode, stderr } = await withDownload(URL_, `r.checksumFile("${URL_}.sha256")`, "create");
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    "error: the checksum file has no sha256 for tool\n  for  planted 1.0.0 x86-64\n  url  https://files.example/tool.sha256\n",
  );
});

it("an http download may be had where the recipe knows its digest", async () => {
  const pinned = `r.pinned({ "1.0.0": "${sha256("content")}" })`;
  expect(await withDownload("http://files.example/tool", pinned)).toMatchObject({ exitCode: 0 });
});
