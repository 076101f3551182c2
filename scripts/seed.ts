/** `npm run seed -- <tree>`: puts a published tree into the R2 and KV that `npm start` and `wrangler dev` use. */
import { parseArgs } from "node:util";
import { STATE_FOLDER, startLocalBakery } from "./local-bakery.ts";
import { reportError } from "./report-error.ts";
import { seedTree } from "./seed-tree.ts";

const { positionals } = parseArgs({ allowPositionals: true });
const [tree] = positionals;
if (tree === undefined || positionals.length > 1) {
  console.error("usage: npm run seed -- <tree>, a folder that ./bakery publish --to has made");
  process.exit(2);
}

const bakery = await startLocalBakery({ port: 0, state: STATE_FOLDER });
try {
  const written = await seedTree(tree, bakery.bucket, bakery.kv);
  console.log(written.length === 0 ? "everything is there already" : written.join("\n"));
} catch (error) {
  reportError(error);
} finally {
  await bakery.stop();
}
