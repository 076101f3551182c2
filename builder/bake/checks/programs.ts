/** Checks of programs: that the machine can run them, and that none gives rights away unasked. */
import { machineName, runsOn } from "../../image/elf.ts";
import { type Check, error, type Problem } from "./finding.ts";

/** Firmware is for other processors than the one that loads it. */
const FIRMWARE = "usr/lib/firmware/";
const SETUID = 0o4000;
const SETGID = 0o2000;

export const elfArch: Check = {
  id: "elf-arch",
  refuses: "programs and libraries for another architecture",
  find: ({ contents, plan: { arch } }) =>
    contents.entries.flatMap(({ path, elf }): Problem[] => {
      if (elf === undefined || runsOn(elf, arch) || path.startsWith(FIRMWARE)) return [];
      return [error(`${path} is for ${machineName(elf)}, not for ${arch}`)];
    }),
};

/** Such a program acts with its owner's rights whoever starts it, and root owns all that is in an image. */
export const setuid: Check = {
  id: "setuid",
  refuses: "setuid and setgid files that the recipe does not declare, and declared ones that are not there",
  find({ contents, tree, plan }) {
    const declared = new Set(plan.setuid);
    const found = contents.entries.filter(({ kind, mode }) => kind === "file" && (mode & (SETUID | SETGID)) !== 0);
    const undeclared = found.filter(({ path }) => !declared.has(path));
    const paths = new Set(found.map(({ path }) => path));
    const lost = plan.setuid.filter((path) => !paths.has(path));
    return [
      ...undeclared.map(({ path, mode }) => {
        const bit = mode & SETUID ? "setuid" : "setgid";
        return error(`${path} is ${bit} root, and the recipe does not declare it`);
      }),
      ...lost.map((path) => {
        const what = tree.get(path) === undefined ? "is not in the image" : "is neither setuid nor setgid";
        return error(`${path} ${what}, though the recipe declares it`);
      }),
    ];
  },
};
