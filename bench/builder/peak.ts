/** Imported before a program: writes its peak of resident memory, in KiB, to the file that `PEAK_FILE` names. */
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  const { PEAK_FILE } = process.env;
  if (PEAK_FILE !== undefined) writeFileSync(PEAK_FILE, String(process.resourceUsage().maxRSS));
});
