/** Which tests `npm run test:machines` runs. CONTRIBUTING.md says what each tries. */

/** Whole machines, distributions and containers, over and over: minutes where there is no KVM. */
export const MACHINE_TESTS = [
  ...[
    "boot",
    "configured",
    "configured-ansible",
    "configured-script",
    "configured-versions",
    "docs-guest",
    "downloads",
    "guest",
    "guest-merge-more",
    "podman",
    "real-programs",
    "wrapped",
  ].map((name) => `clients/${name}`),
  "browser/catalogue",
  "builder/rootfs/debian-installed",
  "e2e/install",
].map((name) => `test/${name}.test.ts`);
/** Of these, some take each way there and one of them here, or all commands there and the quick ones here. */
export const MORE_ON_MACHINES = ["test/builder/rootfs/enter.test.ts", "test/docs-commands.test.ts"];
