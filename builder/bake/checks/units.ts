/** Checks of unit files: that systemd takes them, that their programs can be run, and that upheld ones are there. */
import { posix } from "node:path";
import type { Contents } from "../../image/contents.ts";
import {
  fileNamesOf,
  isUnitName,
  looksLikeUnit,
  UNIT_FOLDERS,
  UNIT_SCOPES,
  type UnitScope,
} from "../../image/unit-names.ts";
import { commandsOf } from "./commands.ts";
import { type Check, error, type Problem, type Subject, warning } from "./finding.ts";
import type { ImageTree } from "./image-tree.ts";
import { verifyUnits } from "./systemd-analyze.ts";

/** The host's own targets, to which drop-ins hang units: they stand in for what the image does not have. */
const TARGET_DROP_IN = /^(?<target>.+\.target)\.d\/[^/]+\.conf$/;
/** Where systemd looks for a command without a slash. */
const SEARCH_PATH = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin"];
/** Hosts that merge images have systemd, what its own units run, and the core utilities. */
const ON_EVERY_HOST =
  /^(?:\/(?:usr\/)?bin\/)?(?:chmod|chown|cp|install|kill|ln|mkdir|mv|rm|sh|systemctl|systemd-sysusers|systemd-tmpfiles)$/;

/** What the build machine lacks is no news; commands are held against the image instead. */
const MISSING_COMMAND = /: Command .* is not executable: /;
/** Sums up what other lines say. */
const SUMMARY = /^Unit \S+ has a bad unit file setting\.$|: Unit configuration has fatal error/;
/** The host's systemd may be newer than the one that builds. */
const UNKNOWN = /Unknown (?:key|key name|lvalue|section) /;
/** A unit file that is empty masks the host's: systemd.unit(5). */
const MASKED = /^Unit \S+ is masked\.$/;

export const units: Check = {
  id: "units",
  refuses: "unit files that systemd-analyze verify calls broken, and upheld units that are not there",
  async find(subject) {
    const said = await Promise.all(UNIT_SCOPES.map((scope) => verify(scope, subject)));
    return [...missingUpheld(subject), ...said.flat(), ...programs(subject)];
  },
};

async function verify(scope: UnitScope, { contents, tree }: Subject): Promise<Problem[]> {
  const folders = UNIT_FOLDERS[scope];
  const texts = new Map([...contents.texts].filter(([path]) => folders.some((one) => path.startsWith(`${one}/`))));
  const files = [...texts.keys()].filter((path) => folders.some((one) => posix.dirname(path) === one));
  const named = files.filter((path) => looksLikeUnit(posix.basename(path)));
  const isUnit = (path: string) => isUnitName(posix.basename(path));
  const standIns = [...texts.keys()].flatMap((path) => {
    const inside = folders.map((one) => posix.relative(one, path)).find((one) => !one.startsWith(".."));
    const target = TARGET_DROP_IN.exec(inside ?? "")?.groups?.target;
    const known = target === undefined || folders.some((one) => tree.get(`${one}/${target}`) !== undefined);
    return known || !isUnitName(target) ? [] : [`${folders.at(-1)}/${target}`];
  });
  for (const path of standIns) texts.set(path, "[Unit]\n");
  const said = await verifyUnits({
    scope,
    folders,
    texts,
    aliases: aliasesIn(folders, contents, tree),
    units: [...named.filter(isUnit), ...new Set(standIns)],
  });
  const nameless = named.filter((path) => !isUnit(path)).map((path) => error(`${path} is no name of a unit`));
  return [...nameless, ...judge(said)];
}

function judge(said: readonly string[]): Problem[] {
  const lines = said.filter((line) => !MISSING_COMMAND.test(line) && !MASKED.test(line));
  const reasons = lines.filter((line) => !SUMMARY.test(line));
  const worth = reasons.some((line) => !UNKNOWN.test(line)) ? reasons : lines;
  return worth.map((line) => (UNKNOWN.test(line) ? warning(line) : error(line)));
}

/** Symlinks among the unit files to other unit files of the image. */
function aliasesIn(folders: readonly string[], { entries, texts }: Contents, tree: ImageTree): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const { path, target } of entries) {
    if (target === undefined || !folders.some((one) => path.startsWith(`${one}/`))) continue;
    const end = tree.resolveLink(path, target);
    if (end.kind === "entry" && texts.has(end.entry.path)) aliases.set(path, end.entry.path);
  }
  return aliases;
}

/** The drop-in for `multi-user.target` would ask for what is not there, without a word. */
function missingUpheld({ tree, plan }: Subject): Problem[] {
  return plan.upholds
    .filter((unit) => {
      const files = UNIT_FOLDERS.system.flatMap((folder) => fileNamesOf(unit).map((name) => `${folder}/${name}`));
      return files.every((path) => tree.get(path) === undefined);
    })
    .map((unit) => error(`${unit} is not in the image, though the recipe upholds it`));
}

function programs({ contents, tree }: Subject): Problem[] {
  const folders = Object.values(UNIT_FOLDERS).flat();
  const found = [...contents.texts]
    .filter(([path]) => folders.some((folder) => path.startsWith(`${folder}/`)))
    .flatMap(([path, text]) => commandsOf(text).map((command) => ({ path, ...command })));
  const problems = found.flatMap(({ path, program, mayFail }): Problem[] => {
    const file = program.includes("/") ? lookUp(tree, program) : findProgram(tree, program);
    if (file === undefined) {
      return mayFail || ON_EVERY_HOST.test(program)
        ? []
        : [warning(`${path} runs ${program}, which is not in the image: it must be on the host`)];
    }
    if (file.kind === "file" && file.mode & 0o111) return [];
    return [error(`${path} runs ${program}, which is not executable`)];
  });
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()];
}

function findProgram(tree: ImageTree, name: string) {
  return SEARCH_PATH.map((folder) => lookUp(tree, `${folder}/${name}`)).find((found) => found !== undefined);
}

function lookUp(tree: ImageTree, path: string) {
  const end = tree.resolve(path);
  return end.kind === "entry" ? end.entry : undefined;
}
