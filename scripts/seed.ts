/** `npm run seed -- <release>…`: publishes into the R2 and KV that `npm start` and `wrangler dev` use. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { openRelease } from "../builder/publish/publisher.ts";
import { progressOn } from "../builder/system/progress.ts";
import { STATE_FOLDER, startLocalBakery } from "./local-bakery.ts";
import { localPublisher } from "./publish-locally.ts";
import { reportError } from "./report-error.ts";

const { positionals } = parseArgs({ allowPositionals: true });
if (positionals.length === 0) {
  console.error("usage: npm run seed -- <release>…, each a *.release.json or a folder with a release.json");
  process.exit(2);
}

const bakery = await startLocalBakery({ port: 0, state: STATE_FOLDER, vars: { INDEX_TTL_SECONDS: "0" } });
try {
  const publisher = localPublisher(bakery, { progress: progressOn(process.stderr) });
  for (const path of positionals) {
    const { written } = await publisher.publish(await openRelease(resolve(path)));
    console.log(written.length === 0 ? `${path} is there already` : written.join("\n"));
  }
} catch (error) {
  reportError(error);
} finally {
  await bakery.stop();
}
