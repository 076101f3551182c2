/** What merge tests in real guests share: an extension to merge, and what came of it. */
import { Workplace } from "../support/bakery.ts";
import { bakeIn, DAEMON, type Planted, plantIn, service } from "../support/guest-images.ts";
import { Turns } from "../support/turns.ts";

export interface Step {
  readonly id: string;
  readonly status: string;
  readonly found?: string;
  readonly output?: readonly string[];
}

interface Testing {
  /** Of `create`. */
  readonly bake?: readonly string[];
  /** Another recipe than the one that the image was baked by. */
  readonly judgedBy?: string;
  readonly args?: readonly string[];
}

export const UNIT = "usr/lib/systemd/system/planted.service";
export const UPHOLDS = 'upholds: ["planted.service"],';
export const SERVICE: Planted = { files: { "usr/bin/planted": DAEMON, [UNIT]: service("planted") } };
/** Guests at once, for a machine has two processors; each waits for itself at times. */
export const turns = new Turns(2);
export const cache = { BAKERY_CACHE: process.env.BAKERY_CACHE };

export async function tested(planted: Planted, { bake = [], judgedBy, args = [] }: Testing = {}) {
  await using workplace = await Workplace.open();
  const extensions = await plantIn(workplace.file("extensions"), "planted", planted);
  await bakeIn(workplace, extensions, "planted", ...bake);
  const judge =
    judgedBy === undefined
      ? extensions
      : await plantIn(workplace.file("judge"), "planted", { ...planted, fields: judgedBy });
  const env = { ...cache, BAKERY_EXTENSIONS: judge };
  const { exitCode, stdout } = await turns.take(() => workplace.run(["test", "planted.raw", "--json", ...args], env));
  const { error, ...passed } = JSON.parse(stdout);
  // Shown where a test fails.
  if (error !== undefined) console.log(error);
  const { steps, notes } = (error?.value ?? passed) as { steps: readonly Step[]; notes: readonly string[] };
  const statuses = Object.fromEntries(steps.map(({ id, status }) => [id, status]));
  return { exitCode, statuses, notes, error, step: (id: string) => steps.find((step) => step.id === id) };
}

export const ALL_OK = {
  boot: "ok",
  install: "ok",
  merge: "ok",
  files: "ok",
  provides: "ok",
  units: "ok",
  upheld: "ok",
  stays: "ok",
  restarts: "ok",
  unmerge: "ok",
  failed: "ok",
};
