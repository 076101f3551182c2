/** Build logs of releases: kept as the first publisher gave them, beside a release that is published. */
import {
  BUILD_LOG_FILE,
  type BuildLogPut,
  findRelease,
  type Release,
  releaseName,
  storageKey,
} from "../../schema/index.ts";
import { ApiProblem } from "../errors.ts";
import type { Inventories } from "./inventories.ts";
import type { Objects } from "./objects.ts";

export class BuildLogs {
  readonly #objects: Objects;
  readonly #inventories: Inventories;

  constructor(objects: Objects, inventories: Inventories) {
    this.#objects = objects;
    this.#inventories = inventories;
  }

  /** @throws ApiProblem 404 where the release is not published */
  async put(release: Release, text: string): Promise<BuildLogPut> {
    const name = releaseName(release);
    const known = findRelease(await this.#inventories.read(release.extension), release.version);
    if (known === undefined || known.pruned?.deletedAt !== undefined) {
      throw new ApiProblem(404, "not_published", `${name} is not published`, { hint: "publish it first" });
    }
    const written = await this.#objects.write(storageKey({ release: name, file: BUILD_LOG_FILE }), text, "nothing");
    return { kept: written !== undefined };
  }
}
