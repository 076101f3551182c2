/** Check: refuses what would hurt a host or be of no use to it, with everything that is wrong, and tells the rest. */
import { releaseName } from "../../../schema/index.ts";
import type { Contents } from "../../image/contents.ts";
import { UserError } from "../../system/errors.ts";
import type { Plan } from "../plan.ts";
import type { Allowances, Check, CheckReport, Finding, Problem } from "./finding.ts";
import { ImageTree } from "./image-tree.ts";
import { empty, extensionRelease, layout, provides, usrSbin } from "./layout.ts";
import { elfArch, setuid } from "./programs.ts";
import { danglingSymlink } from "./symlinks.ts";
import { units } from "./units.ts";

export const CHECKS: readonly Check[] = [
  layout,
  usrSbin,
  extensionRelease,
  provides,
  empty,
  elfArch,
  setuid,
  danglingSymlink,
  units,
];

/** More of one kind would hide the others. */
const TOLD_PER_CHECK = 10;

/** @throws UserError that lists all errors which are not allowed */
export async function check(contents: Contents, plan: Plan, allowances: Allowances): Promise<CheckReport> {
  const subject = { contents, tree: new ImageTree(contents.entries), plan };
  const found = await Promise.all(CHECKS.map(async ({ id, find }) => ({ id, problems: await find(subject) })));

  const refused: Finding[] = [];
  const warnings: Finding[] = [];
  for (const { id, problems } of found) {
    const isAllowed = allowances.some((one) => one.check === id);
    warnings.push(...tell(id, problems, "warning"));
    (isAllowed ? warnings : refused).push(...tell(id, problems, "error"));
  }
  if (refused.length > 0) throw mustNotShip(plan, refused);

  const isNeeded = (id: string) =>
    found.some((one) => one.id === id && one.problems.some(({ level }) => level === "error"));
  const needless = allowances.filter((one) => !isNeeded(one.check));
  warnings.push(...needless.map((one) => ({ check: one.check, message: "was allowed, and has nothing to refuse" })));
  return { warnings, allowed: allowances.filter((one) => isNeeded(one.check)) };
}

function tell(id: string, problems: readonly Problem[], level: Problem["level"]): Finding[] {
  const messages = problems.filter((problem) => problem.level === level).map(({ message }) => message);
  const more = messages.length - TOLD_PER_CHECK;
  const told = more > 1 ? [...messages.slice(0, TOLD_PER_CHECK), `and ${more} more like these`] : messages;
  return told.map((message) => ({ check: id, message }));
}

function mustNotShip(plan: Plan, refused: readonly Finding[]): UserError {
  const ids = [...new Set(refused.map((finding) => finding.check))];
  const allow = ids.map((id) => `--allow ${id}=<reason>`).join(" ");
  return new UserError(`${releaseName(plan)} for ${plan.arch} must not ship`, {
    details: Object.fromEntries(refused.map(({ message }, at) => [String(at + 1), message])),
    hint: `mend extensions/${plan.extension}/recipe.ts, or say why it may: ${allow}`,
  });
}
