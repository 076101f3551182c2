/** Imported before a program: writes its peak of resident memory, in KiB, to the file that `PEAK_FILE` names. */
import { readFileSync, writeFileSync } from "node:fs";

process.on("exit", () => {
  const { PEAK_FILE } = process.env;
  if (PEAK_FILE === undefined) return;
  // proc(5). What getrusage(2) says begins with the peak of whoever started the program.
  const peak = /^VmHWM:\s+(?<kib>[0-9]+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.groups?.kib;
  writeFileSync(PEAK_FILE, peak ?? "");
});
