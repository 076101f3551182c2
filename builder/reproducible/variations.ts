/** What differs between two builds that are to give the same image, as far as this machine can vary it. */
import { constants } from "node:fs";
import { chmod, copyFile, mkdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { scriptOf } from "../bake/build/plan-builds.ts";
import type { Plan } from "../bake/plan.ts";
import type { Extension } from "../catalog.ts";
import { run } from "../system/run.ts";

/** One thing that is otherwise in the second build. */
export interface Variation {
  readonly name: string;
  /** Words before the command. */
  readonly prefix?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What is the same in both, and why. */
export interface Unvaried {
  readonly name: string;
  readonly why: string;
}

/** `nobody` of most systems. It need not exist. */
export const OTHER_USER = 65_534;
const ALLOWED = /^Cpus_allowed_list:\s*(?<first>[0-9]+)/m;

/** @param files that the other user has to be able to read */
export async function variationsHere(
  plan: Pick<Plan, "builds">,
  files: readonly string[],
): Promise<{ varied: Variation[]; unvaried: Unvaried[] }> {
  const found = await Promise.all([clock(), user(plan, files), processors(), locale()]);
  const always: Variation[] = [
    { name: "folder" },
    { name: "order and times of files" },
    { name: "umask", prefix: ["sh", "-c", 'umask 077 && exec "$@"', "sh"] },
    { name: "time zone", env: { TZ: "Asia/Kathmandu" } },
    { name: "SOURCE_DATE_EPOCH", env: { SOURCE_DATE_EPOCH: "1234567890" } },
  ];
  return {
    varied: [...found.filter((one) => !("why" in one)), ...always],
    unvaried: found.filter((one) => "why" in one),
  };
}

async function clock(): Promise<Variation | Unvaried> {
  const name = "clock";
  const prefix = ["faketime", "-f", "+400d"];
  if (await works([...prefix, "date"])) return { name, prefix };
  return { name, why: "faketime is not installed: Debian's package faketime" };
}

async function user({ builds }: Pick<Plan, "builds">, files: readonly string[]): Promise<Variation | Unvaried> {
  const name = "user";
  // A tree in which programs are installed has several users, and this one is given no ids for them.
  if (builds.some(scriptOf)) return { name, why: "a script runs in a tree, for which another user needs ids" };
  if (process.getuid?.() !== 0) return { name, why: "only root can become somebody else" };
  const prefix = ["setpriv", `--reuid=${OTHER_USER}`, `--regid=${OTHER_USER}`, "--clear-groups"];
  if (!(await works([...prefix, "true"]))) return { name, why: "setpriv does not work here" };
  for (const file of files) {
    if (!(await works([...prefix, "test", "-r", file]))) return { name, why: `nobody else may read ${dirname(file)}` };
  }
  return { name, prefix };
}

async function processors(): Promise<Variation | Unvaried> {
  const name = "processors";
  if (availableParallelism() < 2) return { name, why: "there is one only" };
  const first = ALLOWED.exec(await readFile("/proc/self/status", "utf8").catch(() => ""))?.groups?.first;
  const prefix = ["taskset", "-c", first ?? "0"];
  return (await works([...prefix, "true"])) ? { name, prefix } : { name, why: "taskset does not work here" };
}

async function locale(): Promise<Variation | Unvaried> {
  const name = "locale";
  const known = await run("locale", ["-a"]).catch(() => "");
  const others = known.split("\n").filter((one) => one !== "" && !/^(?:C|POSIX)$/.test(one));
  const other = others.find((one) => !/^(?:C|en)\b/.test(one)) ?? others[0];
  if (other === undefined) return { name, why: "there is none but C" };
  return { name, env: { LC_ALL: other, LANG: other } };
}

async function works([command = "", ...args]: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

/**
 * Makes a folder of extensions that has this one, its files made anew in another order and with other times.
 * @returns the folder, for `BAKERY_EXTENSIONS`
 */
export async function plantElsewhere({ name, folder }: Extension, plan: Plan, extensions: string): Promise<string> {
  const own = join(extensions, name);
  await mkdir(own, { recursive: true });
  const recipe = pathToFileURL(join(folder, "recipe.ts")).href;
  await writeFile(join(own, "recipe.ts"), `export { default } from ${JSON.stringify(recipe)};\n`);
  const scripts = plan.builds.flatMap((build) => scriptOf(build)?.file ?? []);
  for (const script of scripts) await copyFile(join(folder, script), join(own, script));
  await mkdir(join(extensions, "_keys"), { recursive: true });
  for (const key of Object.keys(plan.keys).map((key) => join("_keys", `${key}.asc`))) {
    await copyFile(join(folder, "..", key), join(extensions, key));
  }
  for (const { path, kind, content } of plan.staticFiles.toReversed()) {
    const to = join(own, "files", path);
    await mkdir(dirname(to), { recursive: true });
    if (kind === "symlink") await symlink(content, to);
    else {
      await copyFile(join(plan.folder, "files", path), to, constants.COPYFILE_FICLONE);
      await chmod(to, kind === "executable" ? 0o755 : 0o644);
      await utimes(to, 1_000_000_000, 1_000_000_000);
    }
  }
  return extensions;
}
