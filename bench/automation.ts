/**
 * `./scripts/with-node bench/automation.ts`: what a night costs in requests, with nothing new and with one new release,
 * beside 100, 1 000 and 10 000 releases on GitHub.
 *
 * The reference's part is a replay of what its scripts ask, against the same stand-ins: the versions of every upstream
 * in pages of 30, one question for each release that should be there; with a new release, the list of releases and what
 * each version of its extension has, then the index of each extension. Measured at the real one with about 1 000
 * releases: 408 requests, 188 more for the extension's metadata, 140 for the global index. Each request takes 20 ms, one
 * after the other as the scripts do it. COUNTED are those that count against GitHub's rate limit.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Extension } from "../builder/catalog.ts";
import { binary, defineExtension, githubReleases, unverified } from "../builder/recipe/index.ts";
import { findMissing } from "../builder/release/missing.ts";
import { formatBytes, formatTable } from "../builder/system/format.ts";
import { progressOn } from "../builder/system/progress.ts";
import { upstreamsFrom } from "../builder/versions/upstreams.ts";
import { formatInventory, formatSha256Sums, INDEX_FILE, indexOf, type PublishedRelease } from "../schema/index.ts";
import { GithubSite } from "../test/builder/publish/github/site.ts";
import { FakeGitHub } from "../test/support/upstreams/github.ts";
import { Mirror } from "../test/support/upstreams/mirror.ts";

const SIZES = [100, 1_000, 10_000];
const LATENCY_MS = 20;
const PAGE = 30;
/** As many as the reference has, and what its upstreams have on average. */
const EXTENSIONS = 34;
const PINS = 35;
const UPSTREAM_VERSIONS = 280;
const REPOSITORY = "acme/bakery";
const HASH = "a".repeat(64);

interface Cost {
  readonly counted: number;
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** Requests while something is done; answers of 304 do not count. */
async function costOf(perform: () => Promise<unknown>): Promise<Cost> {
  const real = globalThis.fetch;
  let [counted, requests, bytes] = [0, 0, 0];
  globalThis.fetch = async (input, init) => {
    await sleep(LATENCY_MS);
    const response = await real(input, init);
    requests += 1;
    bytes += (await response.clone().arrayBuffer()).byteLength;
    if (/\/api(?:\.github\.com)?\//.test(String(input)) && response.status !== 304) counted += 1;
    return response;
  };
  const start = performance.now();
  try {
    await perform();
  } finally {
    globalThis.fetch = real;
  }
  return { counted, requests, bytes, seconds: (performance.now() - start) / 1000 };
}

const nameOf = (at: number) => `tool-${String.fromCharCode(97 + Math.floor(at / 26), 97 + (at % 26))}`;
const names = Array.from({ length: EXTENSIONS }, (_, at) => nameOf(at));

/** `[extension, version]`, newest first of each. */
function releasesOf(count: number): [string, string][] {
  return Array.from({ length: count }, (_, at) => [nameOf(at % EXTENSIONS), `1.0.${count - at}`]);
}

const line = ([extension, version]: [string, string]) => `${HASH}  ${extension}-${version}-x86-64.raw\n`;

/** Every page, as the reference does: how many there are, and then each. Its requests go one after the other. */
async function pages(url: string, count: number): Promise<void> {
  await fetch(url, { method: "HEAD" });
  for (let page = 1; page <= Math.ceil(count / PAGE); page += 1) await ask(`${url}?page=${page}`);
}

async function ask(url: string): Promise<void> {
  const response = await fetch(url, { redirect: "manual" });
  await response.arrayBuffer();
  const location = response.headers.get("location");
  if (location !== null) await ask(location);
}

async function nothingNew(count: number): Promise<[string, Cost][]> {
  const github = new FakeGitHub();
  const versions = Array.from({ length: UPSTREAM_VERSIONS }, (_, at) => ({ tag: `1.0.${count + EXTENSIONS - at}` }));
  for (const name of names) github.publish(`example/${name}`, ...versions);
  const releases = releasesOf(count);
  const latest = names.map((name) => latestLines(name, versions[0]?.tag ?? ""));
  const all = releases.map(([extension, version]) => ({ tag: `${extension}-${version}` }));
  const index = { tag: INDEX_FILE, assets: { [INDEX_FILE]: releases.map(line).join("") + latest.join("") } };
  github.publish(REPOSITORY, index, ...all);
  await using mirror = await Mirror.open(github.hosts);
  await using site = await GithubSite.open();

  const replay = await costOf(async () => {
    const api = `${mirror.url}/api.github.com/repos`;
    for (const name of names) await pages(`${api}/example/${name}/releases`, UPSTREAM_VERSIONS);
    for (let at = 0; at < EXTENSIONS + PINS; at += 1) {
      await ask(`${api}/${REPOSITORY}/releases/tags/${releases[at % count]?.join("-")}`);
    }
  });
  const env = { BAKERY_MIRROR: mirror.url, GITHUB_TOKEN: "bench" };
  const progress = progressOn({ write: () => {} });
  const missing = async () => {
    const upstreams = upstreamsFrom(env, { cache: site.workplace.cache });
    const asking = { catalog: { load }, upstreams, progress, cwd: site.workplace.path, env };
    const found = await findMissing(names, `github:${REPOSITORY}`, asking);
    if (found.missing.length + found.unknown.length > 0) throw new Error(JSON.stringify(found).slice(0, 500));
  };
  return [
    ["nothing new, reference", replay],
    ["nothing new, missing, cold", await costOf(missing)],
    ["nothing new, missing, warm", await costOf(missing)],
  ];
}

/** What upstream has as its latest is published for both architectures. */
function latestLines(name: string, version: string): string {
  return ["x86-64", "arm64"].map((arch) => `${HASH}  ${name}-${version}-${arch}.raw\n`).join("");
}

async function load(name: string): Promise<Extension> {
  const recipe = defineExtension({
    description: name,
    homepage: "https://example.org",
    versions: githubReleases(`example/${name}`),
    publish: ["latest"],
    downloads: () => [
      { url: "https://example.org/x", verify: unverified("a benchmark"), install: binary("usr/bin/x") },
    ],
    provides: ["usr/bin/x"],
  });
  return { name, folder: "", recipe };
}

async function oneNew(count: number): Promise<[string, Cost][]> {
  await using site = await GithubSite.open();
  const { github } = site;
  const path = await site.release("2.0.0", names[0]);
  const conf = await readFile(join(dirname(path), `${names[0]}.conf`));
  const releases = releasesOf(count);
  for (const [extension, version] of releases) {
    const tag = `${extension}-${version}`;
    github.repository.add(tag, {
      [`${tag}-x86-64.raw`]: "x",
      [INDEX_FILE]: line([extension, version]),
      [`${extension}.conf`]: "x",
    });
  }
  for (const extension of names) {
    const own = releases.filter(([name]) => name === extension);
    const images: PublishedRelease["images"] = [{ arch: "x86-64", size: 1, sha256: HASH }];
    const publishedAt = "2026-01-17T03:04:05Z";
    const inventory = {
      schemaVersion: 1 as const,
      extension,
      releases: own.map(([, version]) => ({ version, publishedAt, images })),
    };
    const sums = formatSha256Sums(indexOf(inventory));
    github.repository.add(extension, {
      [INDEX_FILE]: sums,
      "releases.json": formatInventory(inventory),
      [`${extension}.conf`]: conf,
    });
  }
  github.repository.add(INDEX_FILE, { [INDEX_FILE]: releases.map(line).join("") });
  github.repository.add("noop", { "noop.conf": "x" });

  const api = `${github.apiUrl}/repos/${REPOSITORY}/releases`;
  const downloads = `${github.serverUrl}/${REPOSITORY}/releases/download`;
  const replay = await costOf(async () => {
    await pages(api, count + EXTENSIONS);
    for (const [extension, version] of releases.filter(([name]) => name === names[0])) {
      const tag = `${extension}-${version}`;
      await ask(`${api}/tags/${tag}`);
      for (const file of [INDEX_FILE, `${extension}.conf`]) await ask(`${downloads}/${tag}/${file}`);
    }
    await pages(api, count + EXTENSIONS);
    for (const name of names) {
      await ask(`${api}/tags/${name}`);
      await ask(`${downloads}/${name}/${INDEX_FILE}`);
    }
  });
  return [
    ["one new release, reference's metadata alone", replay],
    ["one new release, publish, uploads included", await costOf(() => site.publish(path))],
  ];
}

const rows: string[][] = [];
for (const count of SIZES) {
  for (const [what, cost] of [...(await nothingNew(count)), ...(await oneNew(count))]) {
    const { counted, requests, bytes, seconds } = cost;
    rows.push([String(count), what, String(counted), String(requests), formatBytes(bytes), `${seconds.toFixed(1)} s`]);
  }
}
console.log(formatTable([["RELEASES", "WHAT", "COUNTED", "REQUESTS", "BYTES", "TIME"], ...rows]));
