/** `npm test`: installs the system packages that the tests need, then runs all of them, or those that are named. */
import { spawn } from "node:child_process";
import { reportError } from "./report-error.ts";
import { ensureSystemPackages, MACHINE_PACKAGES, TEST_PACKAGES } from "./system-packages.ts";

const onMachines = process.env.BAKERY_TEST_MACHINES === "1";
try {
  await ensureSystemPackages(onMachines ? MACHINE_PACKAGES : TEST_PACKAGES, { report: (line) => console.error(line) });
} catch (error) {
  reportError(error);
  process.exit();
}

if (!onMachines) {
  console.error(
    "not among these tests: whole machines, distributions, containers, download managers and a browser (boot, catalogue, configured, debian-installed, docs-guest, downloads, guest, guest-merge-more, install, podman, real-programs, wrapped; most of enter): npm run test:machines",
  );
}

const vitest = spawn("vitest", ["run", ...process.argv.slice(2)], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => vitest.kill(signal));
vitest.on("error", (error) => {
  console.error(`error: vitest cannot be started: ${error.message}`);
  process.exitCode = 1;
});
vitest.on("close", (code) => {
  process.exitCode = code ?? 1;
});
