/** Debian's Chromium, and a bakery with extensions that were never baked, for tests that look at its pages. */
import { access } from "node:fs/promises";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import {
  ARCHES,
  type ExtensionProfile,
  emptyCatalogueRecord,
  emptyInventory,
  formatCatalogueRecord,
  formatExtensionProfile,
  formatInventory,
  formatPublishedIndex,
  formatRecentReleases,
  formatSha256Sums,
  type IndexEntry,
  indexOf,
  newestFirst,
  noRecentReleases,
  unsignedIndex,
  withExtension,
  withRecentReleasesOf,
} from "../../schema/index.ts";
import type { LocalBakery } from "../../scripts/local-bakery.ts";
import { localBakery } from "./local-bakery.ts";
import { sha256 } from "./sha256.ts";

const CHROMIUM = "/usr/bin/chromium";
const KINDS = ["containers", "networking", "diagnostics"] as const;
const EPOCH = Date.parse("2026-01-01T00:00:00Z");

/** Why no browser runs here. */
export async function lackForBrowser(): Promise<string | undefined> {
  return access(CHROMIUM).then(
    () => undefined,
    () => `needs ${CHROMIUM}: apt-get install chromium`,
  );
}

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-background-networking"] });
}

const RULES = {
  /** All that a program can tell */
  all: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  /** What else is to be seen in other colours */
  contrast: ["color-contrast"],
} as const;

/** What is not as WCAG 2.2 AA wants it: `color-contrast: .soft`. */
export async function accessibilityProblems(page: Page, rules: keyof typeof RULES): Promise<string[]> {
  // By the debugger, which the page's policy does not bind.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>(
    `axe.run({ runOnly: ${JSON.stringify(RULES[rules])}, resultTypes: ["violations"] })`,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
}

export interface Filling {
  readonly names: readonly string[];
  /** Of each extension */
  readonly versions: number;
  /** Nothing but what the list is made of */
  readonly listOnly?: boolean;
}

/** Straight into the bucket: to publish thousands of releases would take minutes. */
export async function bakeryOf({ names, versions, listOnly = false }: Filling): Promise<LocalBakery> {
  const bakery = await localBakery();
  let record = emptyCatalogueRecord();
  let recent = noRecentReleases();
  const lines: IndexEntry[] = [];
  for (const [at, extension] of names.entries()) {
    const releases = Array.from({ length: versions }, (_, patch) => ({
      version: `1.${Math.floor(patch / 10)}.${patch % 10}`,
      publishedAt: new Date(EPOCH + (patch * names.length + at) * 60_000).toISOString(),
      images: ARCHES.map((arch) => ({
        arch,
        size: (10 + at + patch) * 1_000_000,
        sha256: sha256(`${extension} ${patch} ${arch}`),
      })),
      ...(patch === 0 && { yanked: { at: "2026-01-01T12:00:00Z", reason: "it does not start" } }),
    }));
    const inventory = {
      ...emptyInventory(extension),
      releases: releases.toSorted((a, b) => newestFirst(a.version, b.version)),
    };
    const profile = profileOf(extension, at, inventory.releases[0]?.version ?? "");
    lines.push(...indexOf(inventory));
    record = withExtension(inventory, profile, record);
    recent = withRecentReleasesOf(inventory, recent);
    if (listOnly) continue;
    await bakery.bucket.put(`${extension}/releases.json`, formatInventory(inventory));
    await bakery.bucket.put(`${extension}/extension.json`, formatExtensionProfile(profile));
    await bakery.bucket.put(`${extension}/index.json`, indexText(indexOf(inventory)));
  }
  await bakery.bucket.put("SHA256SUMS/index.json", indexText(lines));
  await bakery.bucket.put(".catalogue/record.json", formatCatalogueRecord(record));
  await bakery.bucket.put(".feed/recent.json", formatRecentReleases(recent));
  return bakery;
}

function profileOf(extension: string, at: number, version: string): ExtensionProfile {
  return {
    schemaVersion: 1,
    extension,
    version,
    description: `What ${extension} is for, in a sentence of its own`,
    homepage: `https://${extension}.example.org/`,
    kind: KINDS[at % KINDS.length] ?? "system",
    verifiedBy: ["checksum-file", "unverified"],
    readme: `# ${extension}\n\nIt runs.\n\n## Use\n\n| a | b |\n|-|-|\n| 1 | 2 |\n\n\`\`\`\n${extension} --help\n\`\`\`\n`,
    transfers: ["every-version"],
    host: { activation: "reboot" },
  };
}

function indexText(lines: readonly IndexEntry[]): string {
  return formatPublishedIndex(unsignedIndex(formatSha256Sums(lines), new Date(0)));
}
