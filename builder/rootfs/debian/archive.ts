/** Where Debian's packages are, and the keys that vouch for them. */
import { access, readdir, readFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { errorCode, ToolError, UserError } from "../../system/errors.ts";

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

/**
 * @param env `DEBIAN_KEYRING`, a file; else Debian's own keys
 * @returns its absolute path
 * @throws UserError for what holds no keys that apt reads; ToolError if Debian's own are asked for and not there
 */
export async function keyringPath(keyring: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  const given = keyring ?? (env.DEBIAN_KEYRING || undefined);
  if (given !== undefined) {
    const path = resolve(given);
    await checkKeyring(path, keyring === undefined ? "DEBIAN_KEYRING" : "the archive's keyring");
    return path;
  }
  for (const path of KEYRINGS) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  throw new ToolError("the keys of Debian's archive are not here", {
    details: { expected: KEYRINGS[0] ?? "" },
    hint: "install Debian's package debian-archive-keyring (Ubuntu has it too)",
  });
}

const ARMOR = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
/** First bytes of a public key, RFC 9580 section 4.2: in the new format, and in the old one with the lengths in use. */
const PUBLIC_KEY = [0xc6, 0x98, 0x99];

/** Of what is none apt says that the archive is signed by nobody. */
async function checkKeyring(path: string, name: string): Promise<void> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const why = errorCode(cause) === "ENOENT" ? "is not there" : `cannot be read (${errorCode(cause)})`;
    throw new UserError(`${name} ${why}: ${path}`, { hint: EXPORTED, cause });
  });
  // They mean something to apt in its option: sources.list(5)
  if (/[\s,[\]"%]/.test(path)) {
    throw new UserError(`${name} has a path that apt cannot be told: ${path}`, {
      hint: "move it to where the path has no blanks, commas, brackets, quotes and percent signs",
    });
  }
  const isArmored = bytes.toString("latin1", 0, ARMOR.length) === ARMOR;
  if (isArmored && extname(path) === ".gpg") {
    throw new UserError(`${name} is in ASCII armor, and its name says that it is not: ${path}`, {
      hint: "call it .asc, which is how apt tells",
    });
  }
  if (isArmored || PUBLIC_KEY.includes(bytes[0] ?? 0)) return;
  throw new UserError(`${name} holds no OpenPGP keys: ${path}`, { hint: EXPORTED });
}

const EXPORTED = "name a file as gpg --export writes it; Debian's own is in the package debian-archive-keyring";

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
