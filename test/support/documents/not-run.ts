/** Blocks of the documents that test/docs-commands.test.ts does not run, each with what is the matter with it. */

/** The test that runs it, or why nobody can here; by page and first line. */
export const NOT_RUN: Readonly<Record<string, { readonly by: string } | { readonly why: string }>> = {
  "start-here.md: npm start": { by: "test/scripts/start.test.ts" },
  "start-here.md: curl http://127.0.0.1:8787/extensions/workerd/SHA256SUMS    # what there is": {
    by: "test/scripts/start.test.ts",
  },
  "start-here.md: ./bakery config workerd --url http://127.0.0.1:8787 --format shell > workerd.sh": {
    by: "test/clients/docs-guest.test.ts",
  },
  "host-a-bakery.md: npx wrangler login": { why: "needs an account; test/workflows/deploy.test.ts tries deployments" },
  'add-an-extension.md: $ ./bakery new hello --service --description "Greets whoever reads the journal"': {
    by: "test/builder/new.test.ts",
  },
  "add-an-extension.md: // A program with the libraries that it needs, out of Debian's packages; apt checks their signatures.":
    { by: "test/docs.test.ts" },
  "add-an-extension.md: npm test -- test/builder/plan.test.ts -u": { by: "test/clients/docs-guest.test.ts" },
  "add-an-extension.md: ./bakery rootfs tree --debian bookworm --package tilde       # the package and what it needs, as apt vouches for it":
    { by: "test/clients/docs-guest.test.ts" },
  "operate.md: SELECT blob1 AS extension, blob2 AS version, blob7 AS systemd, SUM(_sample_interval) AS installs": {
    by: "test/worker/operations.test.ts",
  },
};
