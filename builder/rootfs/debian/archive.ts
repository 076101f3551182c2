/** Where Debian's packages are, and the keys that vouch for them. */
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ToolError, UserError } from "../../system/errors.ts";

/** Where a machine that is not Debian gets Debian's packages. */
const DEBIAN = "http://deb.debian.org/debian";
/** Older and newer releases of the package name it differently. */
const KEYRINGS = ["debian-archive-keyring.gpg", "debian-archive-keyring.pgp"].map((name) =>
  join("/usr/share/keyrings", name),
);

/**
 * @param env `DEBIAN_ARCHIVE`, a URL; else what the machine's own apt has
 * @throws UserError for what is no URL that apt fetches from
 */
export async function archiveUrl(archive: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  const given = archive ?? (env.DEBIAN_ARCHIVE || undefined);
  const url = given ?? debianArchive(await aptSources()) ?? DEBIAN;
  // What apt reads of it ends at a blank; a bracket would begin options.
  if (!/^https?:\/\/[^\s[\]]+$/.test(url)) {
    const name = archive === undefined ? "DEBIAN_ARCHIVE" : "the archive";
    throw new UserError(`${name} is no http(s) URL: ${url}`, { hint: `as in ${DEBIAN}` });
  }
  return url.replace(/\/+$/, "");
}

/** @throws ToolError if Debian's own keys are asked for and not there */
export async function keyringPath(keyring: string | undefined): Promise<string> {
  for (const path of keyring === undefined ? KEYRINGS : [keyring]) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  if (keyring !== undefined) throw new UserError("the archive's keyring is not there", { details: { keyring } });
  throw new ToolError("the keys of Debian's archive are not here", {
    details: { expected: KEYRINGS[0] ?? "" },
    hint: "install Debian's package debian-archive-keyring (Ubuntu has it too)",
  });
}

/** What apt itself reads, in whichever of its two formats: files of other names are switched off. */
async function aptSources(): Promise<string> {
  const folder = "/etc/apt/sources.list.d";
  const names = await readdir(folder).catch(() => []);
  const lists = names.filter((name) => /\.(?:list|sources)$/.test(name)).sort();
  const files = ["/etc/apt/sources.list", ...lists.map((name) => join(folder, name))];
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  return texts.join("\n\n");
}

const ONE_LINE = /^deb\s+(?:\[[^\]]*\]\s*)?(?<urls>\S+)\s+(?<suites>\S+)/;

/**
 * Debian's archive among the sources of a machine. Others end in `/debian` too, as Docker's and Tailscale's do: only
 * Debian's own has `/debian` as its whole path, or, on a mirror of any path, the suite with a release's updates.
 */
export function debianArchive(sources: string): string | undefined {
  const paragraphs = sources.split(/\n\s*\n/).filter((text) => !/^Enabled:\s*no\b/im.test(text));
  const entries = paragraphs.flatMap((text) => {
    const field = (name: string) => new RegExp(`^${name}:(.*)$`, "im").exec(text)?.[1] ?? "";
    const lines = text.split("\n").map((line) => ONE_LINE.exec(line)?.groups);
    return [{ urls: field("URIs"), suites: field("Suites") }, ...lines].flatMap((source) => {
      const urls = source?.urls?.match(/https?:\/\/\S+/g) ?? [];
      return urls.map((url) => ({ url: url.replace(/\/+$/, ""), suites: source?.suites ?? "" }));
    });
  });
  const candidates = entries.filter(({ url }) => url.endsWith("/debian"));
  const own = candidates.find(({ url, suites }) => new URL(url).pathname === "/debian" || /-updates\b/.test(suites));
  return own?.url;
}
