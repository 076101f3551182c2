/** Changes to the extension root that need no code: performed in order, after `files/` and the downloads. */

export type TreeEntry =
  | { readonly kind: "file"; readonly path: string; readonly text: string; readonly executable: boolean }
  | { readonly kind: "symlink"; readonly path: string; readonly to: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "replace"; readonly path: string; readonly from: string; readonly to: string };

export function file(path: string, text: string, { executable = false } = {}): TreeEntry {
  return { kind: "file", path, text, executable };
}

/** @param to as it stands in the link: absolute, or relative to the link's folder */
export function symlink(path: string, to: string): TreeEntry {
  return { kind: "symlink", path, to };
}

/** Takes out what a download or `files/` brought. It must be there. */
export function remove(path: string): TreeEntry {
  return { kind: "remove", path };
}

/** Replaces each occurrence of a text in a text file. It must occur. */
export function replace(path: string, from: string, to: string): TreeEntry {
  return { kind: "replace", path, from, to };
}
