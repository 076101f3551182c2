/** The steps of a merge test: what each runs in the guest, and what its output means. */
import { readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { formatTransfer } from "../../../schema/index.ts";
import { commandLine, describePrinted, isPrinted, type SmokeCommand } from "../../bake/smoke.ts";
import type { GuestFile } from "../guest.ts";
import type { Subject } from "./subject.ts";
import type { StepRun } from "./transcript.ts";

/** What a step came to: what it found, or why it failed. */
export type Verdict = { readonly ok: true; readonly found: string } | { readonly ok: false; readonly reason: string };

export interface Step {
  readonly id: string;
  /** What is so if it succeeds. */
  readonly title: string;
  /** A function of steps.sh and its arguments; undefined: there is nothing to be tested. */
  readonly run?: readonly string[];
  readonly judge: (run: StepRun) => Verdict;
}

/** Where steps.sh finds its files, and where definitions of transfers are that the guest does not follow. */
const HERE = "/var/lib/merge-test";
const FUNCTIONS = readFileSync(new URL("steps.sh", import.meta.url), "utf8");

/** Names with line breaks would be two in a list; nobody has them. */
const isListable = (path: string) => !path.includes("\n");

export function stepsOf({ release, image, contents, transfers, expects }: Subject): Step[] {
  const [followed, ...others] = transfers;
  const { units, upheld, provides, smoke } = expects;
  const some = <T>(list: readonly T[], run: readonly string[]) => (list.length === 0 ? {} : { run });
  const plain = units.filter((path) => !path.includes("@."));
  const { target } = followed.transfer;
  const symlink = symlinkOf(target.currentSymlink, release.extension);
  return [
    { id: "boot", title: "the guest boots", run: ["boot_step"], judge },
    ...others.map(({ file }, at) => ({
      id: `transfer-${at}`,
      title: `${file} offers it`,
      run: ["transfer_step", `${HERE}/transfer-${at}`],
      judge,
    })),
    {
      id: "install",
      title: "sysupdate installs it",
      run: ["install_step", symlink, image.sha256, String(image.size), target.path],
      judge,
    },
    { id: "merge", title: "sysext merges it", run: ["merge_step"], judge },
    { id: "files", title: "its files are there", run: ["files_step", `${HERE}/paths`], judge },
    {
      id: "provides",
      title: "what it provides is there",
      ...some(provides ?? [], ["files_step", `${HERE}/provides`]),
      judge,
    },
    {
      id: "units",
      title: "its units are valid",
      ...some(units, ["verify_step", ...units.map((path) => `/${path}`)]),
      judge: (run) => judgeUnits(run, new Set(contents.entries.map(({ path }) => `/${path}`))),
    },
    { id: "upheld", title: "upheld units are active", ...some(upheld, ["upheld_step", ...upheld]), judge },
    { id: "stays", title: "they stay active", ...some(upheld, ["stays_step", ...upheld]), judge },
    { id: "restarts", title: "they survive a kill", ...some(upheld, ["restarts_step", ...upheld]), judge },
    ...smokeSteps(smoke),
    { id: "unmerge", title: "it is gone when unmerged", run: ["unmerge_step", ...plain], judge },
    { id: "failed", title: "no unit has failed", run: ["failed_step"], judge },
  ];
}

function smokeSteps(smoke: readonly SmokeCommand[]): Step[] {
  if (smoke.length === 0) return [{ id: "smoke", title: "its programs run", judge }];
  return smoke.map((command, at) => ({
    id: `smoke-${at}`,
    title: commandLine(command.run),
    run: ["smoke_step", ...command.run],
    judge: (run) => judgeSmoke(run, command),
  }));
}

/** If one of these fails, those that come after it say nothing. */
const ESSENTIAL = new Set(["install", "merge"]);

/** @param mark a line that begins with it is the script's own */
export function scriptOf(steps: readonly Step[], { release, metadata }: Subject, mark: string): string {
  const calls = steps.flatMap(({ id, run }) => {
    if (run === undefined) return [];
    const call = commandLine(["step", id, ...run]);
    if (ESSENTIAL.has(id)) return [`${call} || exit 0`];
    // What is not active cannot stay so.
    if (id === "stays" || id === "restarts") return [`[ "$active" = no ] || ${call} || active=no`];
    return [id === "upheld" ? `active=yes; ${call} || active=no` : call];
  });
  const variables = [
    ["mark", mark],
    ["extension", release.extension],
    ["sysupdate", "/usr/lib/systemd/systemd-sysupdate"],
    ["here", HERE],
    ["state", "/run/merge-test"],
    ["reload", metadata.EXTENSION_RELOAD_MANAGER === "1" ? "yes" : "no"],
  ].map(([name = "", value = ""]) => `${name}=${commandLine([value])}\n`);
  return `${variables.join("")}mkdir -p "$state"\n${FUNCTIONS}\n${calls.join("\n")}\n`;
}

/** What an operator sets up, and what steps.sh looks for. */
export function filesOf({ release, contents, transfers, expects, metadata }: Subject, bakeryUrl: string): GuestFile[] {
  const [followed] = transfers;
  const folders = transfers.flatMap(({ transfer: { target } }) => [
    target.path,
    dirname(symlinkOf(target.currentSymlink, release.extension)),
  ]);
  const lines = (paths: readonly string[]) =>
    paths
      .filter(isListable)
      .map((path) => `${path}\n`)
      .join("");
  return [
    ...transfers.map(({ file, transfer }, at) => ({
      path:
        transfer === followed.transfer
          ? `etc/sysupdate.${release.extension}.d/${file}`
          : `${HERE.slice(1)}/transfer-${at - 1}/${file}`,
      content: formatTransfer({
        ...transfer,
        verify: false,
        source: { ...transfer.source, path: `${bakeryUrl}/extensions/${release.extension}/` },
      }),
    })),
    // A file in each, for there are no files that are folders.
    ...[...new Set(folders)].map((folder) => ({ path: posix.join(folder.slice(1), ".keep"), content: "" })),
    { path: `${HERE.slice(1)}/paths`, content: lines(contents.entries.map(({ path }) => path)) },
    { path: `${HERE.slice(1)}/provides`, content: lines(expects.provides ?? []) },
    ...osRelease(metadata),
  ];
}

/** An image for one distribution alone is merged by no other: the guest takes its name. os-release(5) */
function osRelease({ ID, VERSION_ID, SYSEXT_LEVEL }: Subject["metadata"]): GuestFile[] {
  if (ID === undefined || ID === "_any") return [];
  const says = Object.entries({ ID, VERSION_ID, SYSEXT_LEVEL }).filter(([, value]) => value !== undefined);
  const content = says.map(([key, value]) => `${key}="${value}"\n`).join("");
  return [{ path: "usr/lib/os-release", content }];
}

function symlinkOf(given: string | undefined, extension: string): string {
  return given ?? `/etc/extensions/${extension}.raw`;
}

function judge({ exitCode, output }: StepRun): Verdict {
  const said = (sign: string) => output.flatMap((line) => (line.startsWith(sign) ? [line.slice(sign.length)] : []));
  if (exitCode === 0) return { ok: true, found: said("= ").at(-1) ?? "" };
  return { ok: false, reason: said("! ").at(-1) ?? `exit code ${exitCode}` };
}

const MISSING_COMMAND = /: Command (?<program>\S+) is not executable: /;

/** A program that is not in the image must be on the host; the guest is not that host. */
function judgeUnits({ exitCode, output }: StepRun, inImage: ReadonlySet<string>): Verdict {
  const programs = output.map((line) => MISSING_COMMAND.exec(line)?.groups?.program);
  const ours = output.filter((line, at) => line !== "" && (programs[at] === undefined || inImage.has(programs[at])));
  if (exitCode !== 0 && ours.length > 0) return { ok: false, reason: ours[0] ?? "" };
  const hosts = new Set(programs.filter((program) => program !== undefined));
  return { ok: true, found: hosts.size === 0 ? "" : `the host must have ${[...hosts].join(", ")}` };
}

/** timeout(1): it had to end the command. */
const TIMED_OUT = 124;

function judgeSmoke({ exitCode, output }: StepRun, { prints }: SmokeCommand): Verdict {
  if (exitCode === TIMED_OUT) return { ok: false, reason: "it was not done after 60 s" };
  if (exitCode !== 0) return { ok: false, reason: `exit code ${exitCode}` };
  if (prints !== undefined && !isPrinted(prints, output.join("\n"))) {
    return { ok: false, reason: `it does not print ${describePrinted(prints)}` };
  }
  return { ok: true, found: output.find((line) => line.trim() !== "") ?? "" };
}
