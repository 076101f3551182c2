/** A merge test of what is named on a command line. */
import { cacheFolderFrom } from "../../bake/fetch/cache.ts";
import type { SmokeCommand } from "../../bake/smoke.ts";
import { chooseRunner } from "../runners.ts";
import { guestTree } from "../tree.ts";
import { failedTest } from "./describe-test.ts";
import { type MergeTest, mergeTest } from "./merge-test.ts";
import { type SubjectWorld, withSubject } from "./subject.ts";

export interface TestOptions {
  /** One of `RUNNER_NAMES`. */
  readonly runner: string;
  /** Seconds. */
  readonly timeout: number;
  /** Run beside those that the recipe has. */
  readonly smoke?: readonly SmokeCommand[];
}

export type TestWorld = SubjectWorld & { readonly env: NodeJS.ProcessEnv };

/**
 * @param operand an image's path or URL, or a folder with a release
 * @returns the test, and as what it is thrown if it failed
 */
export async function testOperand(
  operand: string,
  { runner: choice, timeout, smoke = [] }: TestOptions,
  world: TestWorld,
): Promise<{ readonly test: MergeTest; readonly failure?: Error }> {
  return withSubject(operand, world, { smoke }, async (subject) => {
    const { env, progress, signal } = world;
    const cache = cacheFolderFrom(env);
    const runner = await chooseRunner(choice, { cache, env });
    const tree = await guestTree({ cache, env, progress, signal });
    const test = await mergeTest(subject, { runner, tree, timeout, progress, signal });
    return test.passed ? { test } : { test, failure: failedTest(test, subject) };
  });
}
