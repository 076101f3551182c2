/** `runIn` as a program, so that another user may run it: the tree and requests as JSON; what came of each as JSON. */
import { type Entering, runIn } from "../../../builder/rootfs/enter.ts";
import type { BakeryError } from "../../../builder/system/errors.ts";

export interface Request {
  readonly command: readonly [string, ...string[]];
  readonly options?: Entering;
}

export interface Outcome {
  readonly stdout?: string;
  readonly message?: string;
  readonly details?: Readonly<Record<string, string>>;
  readonly hint?: string;
}

const { tree, requests }: { tree: string; requests: Request[] } = JSON.parse(process.argv[2] ?? "");
const outcomes: Outcome[] = [];
for (const { command, options } of requests) {
  const outcome = await runIn(tree, command, options).then(
    (stdout) => ({ stdout }),
    ({ message, details, hint }: BakeryError) => ({ message, details, ...(hint !== undefined && { hint }) }),
  );
  outcomes.push(outcome);
}
process.stdout.write(JSON.stringify(outcomes));
