/** The manual page, in the macros of man(7): what `--help` says of every command, on one page. */
import type { CommandEntry, CommandLine, OptionLine } from "./command-line.ts";

export interface ManPageOptions {
  readonly version: string;
  readonly date: Date;
}

export function manPage({ name, summary, options, commands }: CommandLine, { version, date }: ManPageOptions): string {
  const day = date.toISOString().slice(0, 10);
  const lines = [
    `.TH ${name.toUpperCase()} 1 ${day} "sysext-bakery ${version}" "User Commands"`,
    // No hyphenation: it would look like part of a name.
    ".nh",
    ".SH NAME",
    `${text(name)} \\-`,
    ...filled(summary),
    ".SH SYNOPSIS",
    ...commands.flatMap((command) => [".br", usage(name, command)]).slice(1),
    ".SH DESCRIPTION",
    ...DESCRIPTION.map(text),
    ".SH OPTIONS",
    ...options.flatMap(optionLines),
    ".SH COMMANDS",
    ...commands.flatMap(commandLines),
    ".SH ENVIRONMENT",
    "Each command says above what else it reads of its environment.",
    ...ENVIRONMENT.flatMap(([variable, meaning]) => [".TP", `\\fB${text(variable)}\\fR`, ...filled(meaning)]),
    ".SH EXIT STATUS",
    ...EXIT_STATUS.flatMap(([code, meaning]) => [".TP", `\\fB${code}\\fR`, text(meaning)]),
    ".SH SEE ALSO",
    ".BR systemd\\-sysext (8),",
    ".BR systemd\\-sysupdate (8),",
    ".BR sysupdate.d (5)",
  ];
  return `${lines.join("\n")}\n`;
}

const DESCRIPTION = [
  "A command prints its result on stdout, and what it does meanwhile on stderr.",
  "With --json the result is JSON, errors included.",
];

/** As docs/reference.md has it. */
export const ENVIRONMENT: readonly (readonly [variable: string, meaning: string])[] = [
  ["BAKERY_URL", "the bakery that transfer files and configurations name"],
  [
    "BAKERY_CACHE",
    "where downloads are kept, by their digest (default: sysext-bakery in XDG_CACHE_HOME, or in ~/.cache)",
  ],
  ["BAKERY_EXTENSIONS", "a folder of recipes other than extensions/"],
  ["BAKERY_MIRROR", "http://mirror is asked for http://mirror/host/path instead of every https://host/path"],
  [
    "BAKERY_CONTAINERS",
    "what builds run in: docker, podman, or none for a tree without them (default: the first that works)",
  ],
  [
    "DEBIAN_ARCHIVE, DEBIAN_KEYRING",
    "where Debian's packages come from, and whose keys vouch for it (default: as this machine's apt)",
  ],
  [
    "DOCKER_CONFIG, REGISTRY_AUTH_FILE",
    "where logins to container registries are kept, as docker and podman have them",
  ],
  ["GITHUB_TOKEN, GH_TOKEN", "lifts GitHub's rate limit, and publishes to github:…; sent to GITHUB_API_URL only"],
  [
    "GITHUB_API_URL, GITHUB_SERVER_URL",
    "another GitHub, as Actions set them, for github:…; recipes download from github.com everywhere, so missing and release want GITHUB_API_URL=https://api.github.com there",
  ],
  ["BAKERY_TOKEN", "publishes, to the bakery of --to"],
  ["ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN", "set by GitHub Actions: publishes without a secret"],
  ["BAKERY_SIGNING_KEY", "the private key that signs indexes, armored"],
  ["BAKERY_SIGNING_PASSPHRASE", "unlocks it; locks the one that keygen makes"],
  ["BAKERY_KEYRING", "a file of keys that are trusted beside it, while one replaces the other"],
  ["BAKERY_BEST_BEFORE_DAYS", "how long signed indexes may be believed (default: 30; 0: no dates)"],
];

const EXIT_STATUS = [
  ["0", "done"],
  ["1", "failed"],
  ["2", "misused"],
] as const;

function commandLines(command: CommandEntry): string[] {
  const terms = [command.name, ...command.operands.map(({ term }) => term)];
  return [
    `.SS "${text(terms.join(" "))}"`,
    ...filled(`${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`),
    ...command.options.flatMap(optionLines),
    ...noteLines(command.notes),
  ];
}

function usage(program: string, { name, operands }: CommandEntry): string {
  const words = operands.map(({ term }) => ` \\fI${text(term)}\\fR`);
  return `\\fB${text(program)} ${text(name)}\\fR [\\fIoptions\\fR]${words.join("")}`;
}

function optionLines({ term, summary }: OptionLine): string[] {
  return [".TP", `\\fB${text(term)}\\fR`, ...filled(summary)];
}

/** Paragraphs are filled, what is indented is kept as it is, and a line that introduces it is its heading. */
function noteLines(notes: string): string[] {
  return notes.split(/\n{2,}/).flatMap((block) => {
    const lines = block.split("\n");
    return runs(lines).flatMap((run) => {
      const [first = ""] = run;
      if (isIndented(first)) return [".RS 4", ".EX", ...run.map((line) => text(line.slice(2))), ".EE", ".RE"];
      return run.length === 1 && first.endsWith(":") ? [".PP", `\\fB${text(first)}\\fR`] : paragraph(...run);
    });
  });
}

/** Lines that are indented, and lines that are not. */
function runs(lines: readonly string[]): string[][] {
  const found: string[][] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && isIndented(last[0] ?? "") === isIndented(line)) last.push(line);
    else found.push([line]);
  }
  return found;
}

function isIndented(line: string): boolean {
  return line.startsWith("  ");
}

function paragraph(...lines: string[]): string[] {
  return lines.length === 1 && lines[0] === "" ? [] : [".PP", ...filled(lines.join(" "))];
}

const LINE_WIDTH = 80;

/** Lines of roff, of which the reader makes paragraphs of its own width. */
function filled(words: string): string[] {
  const lines: string[] = [];
  for (const word of words.split(/\s+/)) {
    const last = lines.at(-1);
    // A sentence begins a line, by which it gets the space between sentences.
    if (last === undefined || text(`${last} ${word}`).length > LINE_WIDTH || last.endsWith(".")) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map(text);
}

/** Text that is no request and has no escapes, with a hyphen that can be copied; all in ASCII, which any roff reads. */
function text(words: string): string {
  return words
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll('"', "\\(dq")
    .replace(/^(?=[.'])/, "\\&")
    .replace(
      /[^\n -~]/gu,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}
