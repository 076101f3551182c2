/** Downloads that fail: the error says of which extension, version and architecture, where, and what may help. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Workplace } from "../../../support/bakery.ts";
import { sha256 } from "../../../support/sha256.ts";
import { archive, entry } from "../../../support/tar-archive.ts";
import { fileHost } from "../../../support/upstreams/file-host.ts";
import { FakeGitHub } from "../../../support/upstreams/github.ts";
import { Mirror } from "../../../support/upstreams/mirror.ts";
import { plant } from "../../planted.ts";

const PAGE = "\ufeff<!-- moved -->\n<!DOCTYPE html><html><body>Please log in</body></html>";
const TOOL = "#!/bin/sh\n";
const SITE = "https://upstream.example";
const ASSET = "https://github.com/example/tool/releases/download/v1/tool-arm64";
const FOR = /^ {2}for +planted 1\.0\.0 arm64$/m;

const download = (url: string, verify: string, install = 'r.binary("usr/bin/x")') =>
  `downloads: () => [{ url: "${url}", verify: ${verify}, install: ${install} }],`;
const EXTRACT = 'r.extract("usr")';
const UNVERIFIED = 'r.unverified("a test")';

async function create(fields: string, cut?: string) {
  await using workplace = await Workplace.open();
  const github = new FakeGitHub();
  github.publish("example/tool", { tag: "v1", assets: { "tool-aarch64": TOOL, "tool-x86_64": TOOL } });
  const site = fileHost({
    "/tool": TOOL,
    "/page": PAGE,
    "/page.html": PAGE,
    "/others.sha256": `${sha256(TOOL)}  tool-x86_64\n`,
    "/broken.tar.gz": gzipSync(archive(entry({ path: "bin/x" }, TOOL))).subarray(0, 60),
    "/text": "none of it is an archive".repeat(100),
  });
  await using mirror = await Mirror.open({ ...github.hosts, "upstream.example": site });
  if (cut !== undefined) mirror.fail(cut, "cut");
  const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: await plant(workplace, fields) };
  return await workplace.run(["create", "planted", "1.0.0", "--arch", "arm64"], env);
}

describe("a download that fails names its extension, version, architecture and URL:", () => {
  it.each<[string, string, string, string, string]>([
    [
      "a checksum file without a line for it",
      download(`${SITE}/tool`, `r.checksumFile("${SITE}/others.sha256")`),
      "the checksum file has no sha256 for tool",
      `${SITE}/others.sha256`,
      "not have it for this architecture",
    ],
    [
      "a web page in place of a checksum file",
      download(`${SITE}/tool`, `r.checksumFile("${SITE}/page")`),
      "upstream has sent a web page instead of the checksum file",
      `${SITE}/page`,
      "open the URL in a browser",
    ],
    [
      "a web page in place of a program that nothing vouches for",
      download(`${SITE}/page`, UNVERIFIED),
      "upstream has sent a web page instead of page",
      `${SITE}/page`,
      "open the URL in a browser",
    ],
    [
      "a web page in place of a program",
      download(`${SITE}/page`, `r.pinned({ "1.0.0": "${sha256(TOOL)}" })`),
      "upstream has sent a web page instead of page",
      `${SITE}/page`,
      "open the URL in a browser",
    ],
    [
      "a web page in place of an archive",
      download(`${SITE}/page`, UNVERIFIED, EXTRACT),
      "upstream has sent a web page instead of page",
      `${SITE}/page`,
      "open the URL in a browser",
    ],
    [
      "other bytes",
      download(`${SITE}/tool`, `r.pinned({ "1.0.0": "${sha256("other")}" })`),
      "tool does not match its published checksum",
      `${SITE}/tool`,
      "try again",
    ],
    [
      "an archive that is cut short",
      download(`${SITE}/broken.tar.gz`, UNVERIFIED, EXTRACT),
      "the archive cannot be unpacked",
      `${SITE}/broken.tar.gz`,
      "",
    ],
    [
      "what is no archive",
      download(`${SITE}/text`, UNVERIFIED, EXTRACT),
      "the archive cannot be unpacked",
      `${SITE}/text`,
      "",
    ],
  ])("%s", async (_, fields, message, url, hint) => {
    const { exitCode, stderr } = await create(fields);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error: ${message}\n`);
    expect(stderr).toMatch(FOR);
    expect(stderr).toMatch(new RegExp(`^  url +${RegExp.escape(url)}$`, "m"));
    expect(stderr).toContain(hint);
    // Once is enough.
    expect(stderr.match(/error: /g)).toHaveLength(1);
    expect(stderr.match(/planted 1\.0\.0 arm64/g)).toHaveLength(1);
  });
});

it("that other bytes have come is said, not that they are no archive, which shows before the last of them is here", async () => {
  const other = download(`${SITE}/text`, `r.pinned({ "1.0.0": "${sha256("other")}" })`, EXTRACT);
  const { stderr } = await create(other, "upstream.example/text");
  expect(stderr).toContain("error: text does not match its published checksum\n");
  expect(stderr).toMatch(FOR);
});

it("a file that a release has under another name is told with the names that it has", async () => {
  const { stderr } = await create(download(ASSET, "r.githubDigest()"));
  expect(stderr).toContain(
    "error: planted 1.0.0 is not there for arm64: release v1 of example/tool has no file tool-arm64",
  );
  expect(stderr).toMatch(/^ {2}url +https:\/\/api\.github\.com\/repos\/example\/tool\/releases\/tags\/v1$/m);
  expect(stderr).toContain("hint: it has tool-aarch64, tool-x86_64");
});

it("a file that is nowhere is told with where versions are listed", async () => {
  const { stderr } = await create(download(`${SITE}/nowhere`, UNVERIFIED));
  expect(stderr).toContain("error: planted 1.0.0 is not there for arm64: not found upstream");
  expect(stderr).toMatch(/^ {2}url +http.*upstream\.example\/nowhere$/m);
  expect(stderr).toContain("hint: ./bakery list planted shows the versions that are");
});

it("a web page that a recipe asks for comes, and one that was vouched for", async () => {
  const keep = 'r.keep("page.html")';
  const build = "async ({ root, run }) => { await run('install', '-D', 'page.html', root + '/usr/bin/x'); }";
  const wanted = await create(`build: () => [r.code(${build})], ${download(`${SITE}/page.html`, UNVERIFIED, keep)}`);
  expect(wanted).toMatchObject({ exitCode: 0 });
  const vouched = await create(download(`${SITE}/page`, `r.pinned({ "1.0.0": "${sha256(PAGE)}" })`));
  expect(vouched).toMatchObject({ exitCode: 0 });
});
