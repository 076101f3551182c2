/** `npm run set-up`: installs the system packages that `./bakery release` needs, where that is allowed. */
import { reportError } from "./report-error.ts";
import { ensureSystemPackages, RELEASE_PACKAGES } from "./system-packages.ts";

try {
  await ensureSystemPackages(RELEASE_PACKAGES, { report: (line) => console.error(line) });
} catch (error) {
  reportError(error);
}
