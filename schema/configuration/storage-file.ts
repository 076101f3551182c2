/** A file as both Butane and Ignition have it: they differ in how they write down a text, and in nothing else. */
import type { ConfiguredFile } from "./host-configuration.ts";

export interface StorageFile<Text> {
  readonly path: string;
  readonly mode: number;
  readonly user?: { readonly name: string };
  readonly group?: { readonly name: string };
  readonly contents: { readonly source: string; readonly verification?: { readonly hash: string } } | Text;
}

/** @param textOf how the form says a text */
export function storageFile<Text>(
  { path, mode, user, group, contents }: ConfiguredFile,
  textOf: (text: string) => Text,
): StorageFile<Text> {
  return {
    path,
    mode,
    ...(user !== undefined && { user: { name: user } }),
    ...(group !== undefined && { group: { name: group } }),
    contents:
      "text" in contents
        ? textOf(contents.text)
        : {
            source: contents.url,
            ...(contents.sha256 !== undefined && { verification: { hash: `sha256-${contents.sha256}` } }),
          },
  };
}
