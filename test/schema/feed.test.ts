import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  atomFeed,
  type Inventory,
  jsonFeed,
  makeFeed,
  noRecentReleases,
  parseRecentReleases,
  recentReleasesOf,
  restoreRelease,
  withRecentReleasesOf,
  yankRelease,
} from "../../schema/index.ts";
import { childrenOf, parseXml, type XmlElement } from "../support/xml.ts";

const BASE = "https://bakery.example";
const ATOM = "http://www.w3.org/2005/Atom";
const DAY = 24 * 3600 * 1000;
const day = (number: number) => new Date(Date.UTC(2026, 0, 1) + number * DAY).toISOString();
const image = (arch: "x86-64" | "arm64", digit: string) => ({ arch, size: 1024, sha256: digit.repeat(64) });

/** Versions 1.0, 1.1, … of an extension, published on as many days in turn. */
function inventoryOf(extension: string, releases: number): Inventory {
  const versions = Array.from({ length: releases }, (_, at) => ({
    version: `1.${at}`,
    publishedAt: day(at),
    images: [image("x86-64", "a"), image("arm64", "b")],
  }));
  return { schemaVersion: 1, extension, releases: versions.reverse() };
}

function feedsOf(inventory: Inventory) {
  const { extension } = inventory;
  const feed = makeFeed(recentReleasesOf(inventory), { base: BASE, extension });
  if (feed === undefined) throw new Error("there is no feed");
  const atom = parseXml(atomFeed(feed));
  return { atom, entries: childrenOf(atom, "entry"), json: JSON.parse(jsonFeed(feed)) };
}

/** The text of the one child of this name. */
function textOf(element: XmlElement, name: string): string {
  const [child, ...more] = childrenOf(element, name);
  expect([child, more], name).toEqual([expect.anything(), []]);
  return child?.text ?? "";
}

const linksOf = (element: XmlElement, rel: string) =>
  childrenOf(element, "link").flatMap(({ attributes }) => (attributes.rel === rel ? [attributes] : []));

/** What RFC 4287 section 4.1 demands of a feed and of its entries. */
function checkAtom(atom: XmlElement): void {
  expect([atom.name, atom.namespace]).toEqual(["feed", ATOM]);
  expect(childrenOf(childrenOf(atom, "author")[0] as XmlElement, "name")).toHaveLength(1);
  expect(linksOf(atom, "self")).toHaveLength(1);
  for (const element of [atom, ...childrenOf(atom, "entry")]) {
    expect(URL.canParse(textOf(element, "id"))).toBe(true);
    expect(textOf(element, "title")).not.toBe("");
    expect(textOf(element, "updated")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/);
    const alternates = linksOf(element, "alternate").map(({ type, hreflang }) => `${type} ${hreflang}`);
    expect(alternates).toHaveLength(new Set(alternates).size);
    for (const { attributes } of childrenOf(element, "link")) expect(URL.canParse(attributes.href ?? "")).toBe(true);
  }
  const ids = childrenOf(atom, "entry").map((entry) => textOf(entry, "id"));
  expect(new Set(ids).size).toBe(ids.length);
}

describe("a feed of an extension", () => {
  test("has an entry for each release, with its images, their sizes and hashes, and the transfer file", () => {
    const { atom, entries, json } = feedsOf(inventoryOf("k3s", 2));
    checkAtom(atom);
    expect(linksOf(atom, "self")[0]?.href).toBe(`${BASE}/extensions/k3s/feed.atom`);
    expect(textOf(atom, "updated")).toBe(day(1));
    expect(entries.map((entry) => textOf(entry, "title"))).toEqual(["k3s 1.1", "k3s 1.0"]);
    const [newest] = entries as [XmlElement];
    expect(textOf(newest, "id")).toBe(`${BASE}/extensions/k3s-1.1/release.json`);
    expect(linksOf(newest, "enclosure")).toEqual([
      expect.objectContaining({ href: `${BASE}/extensions/k3s/k3s-1.1-x86-64.raw`, length: "1024" }),
      expect.objectContaining({ type: "application/octet-stream", title: "k3s-1.1-arm64.raw" }),
    ]);
    expect(linksOf(newest, "related")[0]?.href).toBe(`${BASE}/extensions/k3s.conf`);
    // HTML within XML: text of the parser's is markup of the reader's.
    expect(textOf(newest, "content")).toContain(`sha256 <code>${"a".repeat(64)}</code>`);

    expect(json).toMatchObject({
      version: "https://jsonfeed.org/version/1.1",
      title: "k3s at bakery.example",
      home_page_url: `${BASE}/`,
      feed_url: `${BASE}/extensions/k3s/feed.json`,
    });
    expect(json.items[0]).toMatchObject({
      id: textOf(newest, "id"),
      title: "k3s 1.1",
      content_html: textOf(newest, "content"),
      date_published: day(1),
      attachments: [
        {
          url: `${BASE}/extensions/k3s/k3s-1.1-x86-64.raw`,
          mime_type: "application/octet-stream",
          title: "k3s-1.1-x86-64.raw",
          size_in_bytes: 1024,
        },
        expect.anything(),
      ],
    });
  });

  test("says of a withdrawn release why, as news, and has nothing of it to download", () => {
    const inventory = yankRelease(inventoryOf("k3s", 3), "1.0", 'breaks "x" & <y>', new Date(day(9)));
    const { atom, entries, json } = feedsOf(inventory);
    checkAtom(atom);
    const [first] = entries as [XmlElement];
    expect([textOf(first, "title"), textOf(first, "published"), textOf(first, "updated")]).toEqual([
      "k3s 1.0 (withdrawn)",
      day(0),
      day(9),
    ]);
    expect(textOf(first, "summary")).toBe('k3s 1.0: withdrawn: breaks "x" & <y>');
    expect(textOf(first, "content")).toContain("breaks &quot;x&quot; &amp; &lt;y&gt;");
    expect(linksOf(first, "enclosure")).toEqual([]);
    expect(json.items[0]).toMatchObject({ title: "k3s 1.0 (withdrawn)", date_modified: day(9), attachments: [] });
  });

  test("says that a release is back, under the same id", () => {
    const yanked = yankRelease(inventoryOf("k3s", 2), "1.0", "a mistake", new Date(day(8)));
    const before = feedsOf(yanked).json.items[0];
    const [after] = feedsOf(restoreRelease(yanked, "1.0", new Date(day(9)))).json.items;
    expect(after).toMatchObject({ id: before.id, title: "k3s 1.0", date_modified: day(9) });
    expect(after.attachments).toHaveLength(2);
  });

  test("has the fifty latest, none that is pruned; where nothing is left there is no feed", () => {
    const inventory = inventoryOf("k3s", 60);
    const titles = feedsOf(inventory).json.items.map(({ title }: { title: string }) => title);
    expect([titles.length, titles[0], titles.at(-1)]).toEqual([50, "k3s 1.59", "k3s 1.10"]);
    const pruned = { ...inventory, releases: inventory.releases.map((it) => ({ ...it, pruned: { at: day(70) } })) };
    expect(makeFeed(recentReleasesOf(pruned), { base: BASE })).toBeUndefined();
  });

  test("is well-formed, and whole, whatever the reason of a withdrawal", () => {
    const reason = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.constantFrom("]]>", "\u0000", "\ud800", "&amp;"),
    );
    fc.assert(
      fc.property(reason, (text) => {
        const { entries } = feedsOf(yankRelease(inventoryOf("k3s", 1), "1.0", text, new Date(day(2))));
        expect(entries).toHaveLength(1);
      }),
    );
  });
});

describe("the record of what was published lately", () => {
  const two = () =>
    withRecentReleasesOf(inventoryOf("k3s", 2), withRecentReleasesOf(inventoryOf("docker", 3), noRecentReleases()));

  test("has the releases of all, latest news first, and makes the feed of all", () => {
    const { releases } = two();
    expect(releases.map(({ extension, version }) => `${extension} ${version}`)).toEqual([
      "docker 1.2",
      "k3s 1.1",
      "docker 1.1",
      "k3s 1.0",
      "docker 1.0",
    ]);
    const feed = makeFeed(releases, { base: BASE });
    const atom = parseXml(feed ? atomFeed(feed) : "");
    checkAtom(atom);
    expect(textOf(atom, "id")).toBe(`${BASE}/feed.atom`);
  });

  test("follows an extension's inventory: what is said twice is no news, what was missed is caught up on", () => {
    const before = two();
    expect(withRecentReleasesOf(inventoryOf("k3s", 2), before)).toBe(before);
    const yanked = yankRelease(inventoryOf("k3s", 4), "1.0", "broken", new Date(day(9)));
    const { releases } = withRecentReleasesOf(yanked, before);
    expect(releases.filter(({ extension }) => extension === "k3s").map(({ version }) => version)).toEqual([
      "1.0",
      "1.3",
      "1.2",
      "1.1",
    ]);
    expect(releases.filter(({ extension }) => extension === "docker")).toHaveLength(3);
  });

  test("never has more than fifty, and no signatures", () => {
    const inventory = inventoryOf("k3s", 80);
    const signed = {
      ...inventory,
      releases: inventory.releases.map((it) => ({ ...it, signature: btoa("signature") })),
    };
    const recent = withRecentReleasesOf(signed, two());
    expect(recent.releases).toHaveLength(50);
    expect(parseRecentReleases(JSON.stringify(recent))).toEqual(recent);
    expect(JSON.stringify(recent)).not.toContain("signature");
  });
});
