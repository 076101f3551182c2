/** Where a bakery is examined: over HTTP as machines see it, or in the folder that a web server hosts. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Drafts, parseDrafts } from "../../schema/index.ts";
import type { BakeryApi } from "../publish/bakery-api.ts";
import { measureFile } from "../system/digest.ts";
import { errorCode, NotFoundError } from "../system/errors.ts";
import type { Http } from "../system/http.ts";

export interface Source {
  /** @param path public, decoded; undefined: there is nothing */
  read(path: string): Promise<Buffer | undefined>;
  /** @param whole whether to read all of it, or to believe what is said of it */
  sha256(path: string, whole: boolean): Promise<string | undefined>;
  /** What is on its way in; absent where that cannot be asked */
  drafts?(extension: string): Promise<Drafts>;
}

/** @param api of who may publish there, and so may see drafts */
export function httpSource(url: string, http: Http, api?: BakeryApi): Source {
  const at = (path: string) => url + encodeURI(path);
  return {
    ...(api && {
      drafts: async (extension: string) =>
        (await api.send({ method: "GET", path: `${extension}/drafts` }, parseDrafts)).drafts,
    }),
    read: async (path) => (await http.readBytes(at(path)).catch(absent))?.bytes,
    async sha256(path, whole) {
      if (whole) return http.sha256(at(path)).catch(absent);
      const headers = await http.head(at(path)).catch(absent);
      return headers && (headers.get("etag") ?? "").replaceAll('"', "");
    },
  };
}

export function directorySource(root: string): Source {
  return {
    read: (path) => readFile(join(root, path)).catch(absent),
    sha256: async (path) => (await measureFile(join(root, path)).catch(absent))?.sha256,
  };
}

function absent(error: unknown): undefined {
  if (!(error instanceof NotFoundError) && errorCode(error) !== "ENOENT") throw error;
}
