/** Checks of what the image is made of: its folders, its metadata, and that what it is for is there. */
import { posix } from "node:path";
import { extensionReleasePath } from "../root/written.ts";
import { type Check, error, type Problem } from "./finding.ts";
import { isMerged } from "./image-tree.ts";

/** systemd-sysext merges `/usr` and `/opt`; the rest would be left out without a word. */
export const layout: Check = {
  id: "layout",
  refuses: "files outside of usr/ and opt/",
  find: ({ contents }) =>
    contents.entries
      .filter(({ path }) => !path.includes("/") && !isMerged(path))
      .map(({ path }) => error(`${path} is outside of usr/ and opt/`)),
};

/** Folders that hosts have. In an overlay anything but a folder at their place hides all that is in them. */
const HOST_FOLDERS = [
  "usr",
  "opt",
  "usr/bin",
  "usr/lib",
  "usr/lib64",
  "usr/libexec",
  "usr/lib/systemd",
  "usr/lib/systemd/system",
  "usr/local",
  "usr/local/bin",
  "usr/share",
];

/** Where a host's `/usr/sbin` is a symlink, as Flatcar's, a folder in its place hides its programs: it will not boot. */
export const usrSbin: Check = {
  id: "usr-sbin",
  refuses: "usr/sbin, and anything but a folder at usr/bin, usr/lib and the like, which would hide the host's",
  find: ({ tree }) => [
    ...(tree.get("usr/sbin") === undefined ? [] : [error("usr/sbin would replace the host's: install into usr/bin")]),
    ...HOST_FOLDERS.flatMap((path): Problem[] => {
      const entry = tree.get(path);
      if (entry === undefined || entry.kind === "folder") return [];
      return [error(`${path} is a ${entry.kind} and would hide the host's folder`)];
    }),
  ],
};

/** systemd-sysext looks for one file that is named after the image. */
export const extensionRelease: Check = {
  id: "extension-release",
  refuses: "metadata of another extension, or none of its own",
  find({ contents, tree, plan }) {
    const own = extensionReleasePath(plan.extension);
    const folder = `${posix.dirname(own)}/`;
    const others = contents.entries.filter(({ path }) => path.startsWith(folder) && path !== own);
    return [
      ...(tree.get(own)?.kind === "file" ? [] : [error(`${own} is missing: no host would merge the image`)]),
      ...others.map(({ path }) => error(`${path} is another extension's`)),
    ];
  },
};

export const provides: Check = {
  id: "provides",
  refuses: "an image without what its recipe says it provides",
  find: ({ tree, plan }) =>
    plan.provides
      .filter((path) => tree.get(posix.normalize(path).replace(/\/$/, "")) === undefined)
      .map((path) => error(`${path} is missing, which the recipe says it provides`)),
};

export const empty: Check = {
  id: "empty",
  refuses: "an image with no file beside its metadata",
  find({ contents, plan }) {
    const own = extensionReleasePath(plan.extension);
    const isFilled = contents.entries.some(({ path, kind }) => kind === "file" && path !== own);
    return isFilled ? [] : [error("there is no file in it beside its metadata")];
  },
};
