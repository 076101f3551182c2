/** Version sources: each lists all that its upstream has, and says what is wrong with what is no list. */
import { describe, expect, it } from "vitest";
import {
  alpinePackage,
  githubTags,
  gitlabTags,
  hashicorpReleases,
  htmlListing,
  kubernetesSchedule,
  npmPackage,
  type VersionSource,
} from "../../../builder/recipe/index.ts";
import { UserError } from "../../../builder/system/errors.ts";
import { archive, entry } from "../../support/tar-archive.ts";
import { alpineIndex, gzipSegments } from "../../support/upstreams/alpine.ts";
import { fileHost } from "../../support/upstreams/file-host.ts";
import { FakeGitHub } from "../../support/upstreams/github.ts";
import { gitlab } from "../../support/upstreams/gitlab.ts";
import { hashicorp } from "../../support/upstreams/hashicorp.ts";
import { Asking } from "./asking.ts";
import { NEW_SCHEDULE, OLD_SCHEDULE } from "./schedules.ts";

const SCHEDULE = "/kubernetes/website/main/data/releases/schedule.yaml";
const PRERELEASES = /-(?:pre|rc|alpha|beta)/;

/** `1.249.0` … `1.0.0`, in the order in which they were published, and a prerelease. */
const many = (count: number, prefix = "") => [
  `${prefix}2.0.0-rc1`,
  ...Array.from({ length: count }, (_, minor) => `${prefix}1.${minor}.0`).reverse(),
];

describe("the tags of a repository on GitHub", () => {
  it("come from all pages in systemd's order, by the recipe's filter alone", async () => {
    const github = new FakeGitHub();
    github.tag("acassen/keepalived", ...many(250, "v"), "snap-1.9.0");
    await using at = await Asking.open(github.hosts);
    const listed = await at.list(githubTags("acassen/keepalived", { prefix: "v", exclude: PRERELEASES }));
    expect(listed).toHaveLength(250);
    expect(listed.slice(0, 2)).toEqual(["1.249.0", "1.248.0"]);
    expect(at.mirror.arrivals).toHaveLength(3);
  });

  it("end after so many pages, whatever GitHub says", async () => {
    const host = ({ url }: Request) => {
      const next = `<${url.replace(/&page=.*/, "")}&page=${Number(new URL(url).searchParams.get("page") ?? 1) + 1}>; rel="next"`;
      return Response.json([{ name: "v1.0.0" }], { headers: { link: next } });
    };
    await using at = await Asking.open({ "api.github.com": host });
    await expect(at.list(githubTags("a/b"))).rejects.toThrow("more than 100 pages");
    expect(at.mirror.arrivals).toHaveLength(100);
  });
});

describe("the tags of a project at GitLab", () => {
  it.each([
    ["a project's path", "gitlab.example", "labs/bird", {}],
    ["a project's number", "https://gitlab.example/", "6", {}],
    ["an instance whose pages are shorter", "gitlab.example", "6", { maxPage: 50 }],
  ])("come from all pages for %s", async (_, instance, project, options) => {
    const tags = many(230, "v");
    await using at = await Asking.open({ "gitlab.example": gitlab({ "labs/bird": tags, "6": tags }, options) });
    const listed = await at.list(gitlabTags(instance, project, { prefix: "v", exclude: PRERELEASES }));
    expect(listed).toHaveLength(230);
    expect(listed[0]).toBe("1.229.0");
  });

  it("end where a page is empty, although the headers name a next one", async () => {
    await using at = await Asking.open({ "gitlab.example": gitlab({ "6": many(199) }) });
    expect(await at.list(gitlabTags("gitlab.example", "6"))).toHaveLength(200);
    expect(at.mirror.arrivals).toHaveLength(3);
  });

  it("end after so many pages, whatever the instance says", async () => {
    const page = Array.from({ length: 100 }, (_, minor) => ({ name: `1.${minor}.0` }));
    await using at = await Asking.open({ "gitlab.example": () => Response.json(page) });
    await expect(at.list(gitlabTags("gitlab.example", "6"))).rejects.toThrow("more than 100 pages");
    expect(at.mirror.arrivals).toHaveLength(100);
  });
});

describe("HashiCorp's releases", () => {
  const releases = [
    { version: "1.50.0-rc1", isPrerelease: true },
    ...Array.from({ length: 45 }, (_, minor) => [
      { version: `1.${44 - minor}.0+ent`, isEnterprise: true },
      { version: `1.${44 - minor}.0` },
    ]).flat(),
  ];

  it("come from all pages, without prereleases and what needs a licence", async () => {
    await using at = await Asking.open({ "api.releases.hashicorp.com": hashicorp({ consul: releases }) });
    const listed = await at.list(hashicorpReleases("consul"));
    expect(listed).toEqual(Array.from({ length: 45 }, (_, minor) => `1.${44 - minor}.0`));
    expect(at.mirror.arrivals).toHaveLength(3);
  });

  it("that begin anew with each page are an error, and not a list cut short", async () => {
    const host = hashicorp({ consul: releases }, { ignoresAfter: true });
    await using at = await Asking.open({ "api.releases.hashicorp.com": host });
    await expect(at.list(hashicorpReleases("consul"))).rejects.toThrow("HashiCorp's list has no end");
    expect(at.mirror.arrivals.length).toBeLessThan(5);
  });
});

describe("the schedule of Kubernetes' releases", () => {
  it.each([
    ["today's form", NEW_SCHEDULE, ["v1.37.0", "v1.31.1", "v1.28.14", "v1.28.4", "v1.28.1", "v1.28.0"]],
    ["the old form, whose numbers are texts too", OLD_SCHEDULE, ["v1.30.0", "v1.27.3", "v1.27.0"]],
  ])("is read in %s: what is released, and nothing of what is planned", async (_, text, versions) => {
    await using at = await Asking.open({ "raw.githubusercontent.com": fileHost({ [SCHEDULE]: text }) });
    expect(await at.list(kubernetesSchedule())).toEqual(versions);
  });
});

describe("the links of pages", () => {
  const DOCKER = "https://download.docker.example/linux/static/stable/x86_64/";
  const LINK = /^docker-(?<version>[0-9][0-9.]*)\.tgz$/;
  const page = (...links: string[]) => `<html><body><h1>Index of /</h1>\n${links.join("\n")}</body></html>`;
  const folder = new URL(DOCKER).pathname;

  it.each([
    ["double quotes", '<a href="docker-28.0.4.tgz">docker-28.0.4.tgz</a>   2025-03-25 22:14:02 70.4 MiB'],
    ["single quotes and other attributes", "<A CLASS=x HREF='docker-28.0.4.tgz' title='x'>docker</A>"],
    ["no quotes", "<a href=docker-28.0.4.tgz>docker</a>"],
    ["the whole path", `<a href="${folder}docker-28.0.4.tgz">docker</a>`],
    ["the whole URL", `<a href="${DOCKER}docker-28.0.4.tgz#x">docker</a>`],
    ["escapes", '<a href="docker%2D28.0.4.tgz">docker</a>'],
  ])("are read with %s", async (_, link) => {
    const text = page('<a href="../">../</a>', '<a name="docker-1.0.tgz">', link, '<a href="docker-rootless-28.tgz">');
    await using at = await Asking.open({ "download.docker.example": fileHost({ [folder]: text }) });
    expect(await at.list(htmlListing(DOCKER, LINK))).toEqual(["28.0.4"]);
  });

  it("come in systemd's order, each once, whatever flags the pattern has", async () => {
    const links = ["9.0.1", "28.0.4", "28.0.10", "28.0.4"].map((one) => `<a href="docker-${one}.tgz">${one}</a>`);
    await using at = await Asking.open({ "download.docker.example": fileHost({ [folder]: page(...links) }) });
    expect(await at.list(htmlListing(DOCKER, new RegExp(LINK, "gi")))).toEqual(["28.0.10", "28.0.4", "9.0.1"]);
  });

  const haproxy = (files: Record<string, string>) => ({ "www.haproxy.example": fileHost(files) });
  const OVERVIEW = htmlListing("https://www.haproxy.example/download/", /^haproxy-(?<version>[0-9.]+)\.tar\.gz$/, {
    pages: /^(?:[3-9]|[1-9][0-9]+)\.[0-9]+\/$/,
    below: "src/",
  });
  const overview = page(...["2.8", "3.0", "3.2", "3.3"].map((one) => `<a href="${one}/">${one}/</a>`));

  it("of an overview lead to the pages meant; one of these may have nothing yet", async () => {
    await using at = await Asking.open(
      haproxy({
        "/download/": overview,
        "/download/3.0/src/": page('<a href="haproxy-3.0.11.tar.gz">'),
        "/download/3.2/src/": page('<a href="haproxy-3.2.5.tar.gz">', '<a href="haproxy-3.2.5.tar.gz.sha256">'),
        "/download/3.3/src/": page('<a href="devel/">'),
      }),
    );
    expect(await at.list(OVERVIEW)).toEqual(["3.2.5", "3.0.11"]);
    expect(at.mirror.count("www.haproxy.example/download/2.8/src/")).toBe(0);
  });

  it("of which none is meant are an error, on the overview and on all of its pages", async () => {
    const empty = { "/download/": page('<a href="3.0/">'), "/download/3.0/src/": page("<a href='devel/'>") };
    for (const files of [{ "/download/": page("moved") }, empty]) {
      await using at = await Asking.open(haproxy(files));
      await expect(at.list(OVERVIEW)).rejects.toMatchObject({
        message: expect.stringContaining("no link of the page is one of those meant"),
        details: { url: "https://www.haproxy.example/download/" },
        hint: expect.stringContaining("open the page"),
      });
      expect(await at.kept()).toHaveLength(files === empty ? 2 : 0);
    }
  });

  it("lead to so many pages and no more", async () => {
    const links = Array.from({ length: 60 }, (_, minor) => `<a href="3.${minor}/">`);
    await using at = await Asking.open(haproxy({ "/download/": page(...links) }));
    await expect(at.list(OVERVIEW)).rejects.toThrow("leads to more than 50 others");
    expect(at.mirror.arrivals).toHaveLength(1);
  });

  it("say no version where the recipe's pattern does not say which part it is", async () => {
    await using at = await Asking.open({
      "download.docker.example": fileHost({ [folder]: page("<a href='docker'>") }),
    });
    await expect(at.list(htmlListing(DOCKER, /docker/))).rejects.toBeInstanceOf(UserError);
  });
});

describe("Alpine's packages", () => {
  const INDEX = "/alpine/v3.21/community/x86_64/APKINDEX.tar.gz";
  const alpine = (content: Uint8Array | string) => ({ "dl-cdn.alpinelinux.org": fileHost({ [INDEX]: content }) });
  const source = (name: string) => alpinePackage(name, { branch: "v3.21" });

  it("are read out of the index of a branch, without Alpine's revision and prereleases", async () => {
    const index = alpineIndex({ btop: "1.4.0-r12", chrony: "4.6.1_p1-r0", early: "2.0_rc1-r0", "btop-doc": "9-r9" });
    await using at = await Asking.open(alpine(index));
    const listed = await Promise.all(["btop", "chrony", "early"].map((name) => at.list(source(name))));
    expect(listed).toEqual([["1.4.0"], ["4.6.1_p1"], []]);
  });

  it("that the branch does not have are an error that says where else to look", async () => {
    await using at = await Asking.open(alpine(alpineIndex({ btop: "1.4.0-r0" })));
    await expect(at.list(source("bto"))).rejects.toMatchObject({
      message: "Alpine's package bto in v3.21 cannot be listed: community of v3.21 has no package bto",
      hint: expect.stringContaining("another branch or repository"),
    });
  });

  it.each([
    ["a page", "<html>Sorry</html>"],
    ["an index cut short", alpineIndex({ btop: "1.4.0-r0" }).subarray(0, 150)],
    ["an archive without an index", gzipSegments(entry({ path: ".SIGN" }), [entry({ path: "DESCRIPTION" }, "x")])],
    ["an index without packages", archive(entry({ path: "APKINDEX" }, "\n\n"))],
  ])("are not read out of %s", async (_, content) => {
    await using at = await Asking.open(alpine(content));
    await expect(at.list(source("btop"))).rejects.toThrow("is no index of packages");
    expect(await at.kept()).toEqual([]);
  });
});

describe("what is no list", () => {
  const PAGE = "<!doctype html>\n<title>Log in to the network</title>";
  const SOURCES: [VersionSource, string, string][] = [
    [githubTags("a/b"), "api.github.com", "the tags of a/b on GitHub"],
    [gitlabTags("gitlab.example", "a/b"), "gitlab.example", "the tags of a/b at gitlab.example"],
    [hashicorpReleases("consul"), "api.releases.hashicorp.com", "HashiCorp's releases of consul"],
    [kubernetesSchedule(), "raw.githubusercontent.com", "the schedule of Kubernetes' releases"],
  ];
  // Once, for the npm client takes its time to say which registry there is.
  const NPM: [VersionSource, string, string] = [npmPackage("tool"), "npm.example", "the npm package tool"];

  it.each([...SOURCES, NPM])("is refused where a page is answered: $kind", async (source, host, name) => {
    await using at = await Asking.open({ [host]: () => new Response(PAGE) });
    const failure = await withRegistry(() => at.list(source).catch((error: unknown) => error));
    expect(failure).toMatchObject({
      name: "UpstreamError",
      message: expect.stringMatching(new RegExp(`^${name} cannot be listed: the answer of .* is not (?:JSON|YAML)$`)),
      details: { url: expect.stringContaining(`https://${host}/`), begins: "<!doctype html>" },
      hint: expect.stringContaining("open the URL"),
    });
    expect(await at.kept()).toEqual([]);
  });

  it.each(SOURCES)("is refused where another shape is answered: $kind", async (source, host, name) => {
    await using at = await Asking.open({ [host]: () => new Response('{"message": "hello", "schedules": [{}]}') });
    const failure = await at.list(source).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      message: expect.stringContaining(`${name} cannot be listed: unexpected answer of`),
      details: { url: expect.stringContaining(host), problem: expect.stringContaining(": ") },
      hint: "try again; if it persists, upstream has changed",
    });
  });

  it.each(SOURCES)("is an error that names source and URL where there is nothing: $kind", async (source, _, name) => {
    await using at = await Asking.open();
    const failure = await at.list(source).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      message: `${name} cannot be listed: not found upstream`,
      details: { url: expect.stringContaining(at.mirror.url) },
      hint: expect.stringContaining("upstream may have moved"),
    });
  });
});

/** The npm client says which registry there is. */
async function withRegistry<T>(use: () => Promise<T>): Promise<T> {
  const before = process.env.npm_config_registry;
  process.env.npm_config_registry = "https://npm.example/";
  try {
    return await use();
  } finally {
    if (before === undefined) delete process.env.npm_config_registry;
    else process.env.npm_config_registry = before;
  }
}
