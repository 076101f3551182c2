/** Publishes the release `argv[2]` into the folder `site`, as `./bakery publish` does, in a process that starts quickly. */
import { openRelease } from "../../../builder/publish/publisher.ts";
import { publisherFor } from "../../../builder/publish/target.ts";
import { progressOn } from "../../../builder/system/progress.ts";

const world = { env: process.env, cwd: process.cwd(), progress: progressOn({ write: () => {} }), signal: undefined };
const publisher = await publisherFor("site", world);
await publisher.publish(await openRelease(process.argv[2] ?? ""));
