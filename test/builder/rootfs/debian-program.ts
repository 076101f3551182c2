/** `makeDebianTree` as a program, so that it may be interrupted, and run by another user: what came of it as JSON. */
import { makeDebianTree } from "../../../builder/rootfs/debian/debian.ts";
import type { BakeryError } from "../../../builder/system/errors.ts";

const { spec, folder, cache } = JSON.parse(process.argv[2] ?? "");
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort(new Error("ended by SIGINT")));
const made = makeDebianTree(spec, folder, { cache, env: process.env, signal: interrupted.signal });
const outcome = await made.then(
  (packages) => ({ packages: packages.map(({ name }) => name) }),
  ({ message, details, hint }: BakeryError) => ({ message, details, hint }),
);
process.stdout.write(JSON.stringify(outcome));
