/**
 * npm's registry. Which one, the npm client says: people have mirrors, and scopes have registries of their own.
 *
 * https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md
 */
import * as v from "valibot";
import { NotFoundError, UpstreamError } from "../system/errors.ts";
import { run } from "../system/run.ts";
import type { Answers } from "./answers.ts";
import { readJson } from "./read-answer.ts";

export interface NpmDist {
  readonly tarball: string;
  /** sha512, lower-case hex */
  readonly sha512: string;
}

const packument = v.object({
  versions: v.record(
    v.string(),
    v.object({
      deprecated: v.optional(v.union([v.string(), v.boolean()])),
      dist: v.object({ tarball: v.string(), integrity: v.optional(v.string()) }),
    }),
  ),
});
type Packument = v.InferOutput<typeof packument>;

/** The abbreviated form: what an installation needs, a tenth of the whole. */
const HEADERS = { accept: "application/vnd.npm.install-v1+json" };

export class Npm {
  readonly #answers: Answers;
  readonly #packuments = new Map<string, Promise<Packument>>();

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  /** All versions but prereleases and deprecated ones. */
  async versions(name: string): Promise<string[]> {
    const { versions } = await this.#packument(name);
    return Object.entries(versions)
      .filter(([version, { deprecated }]) => !version.includes("-") && !deprecated)
      .map(([version]) => version);
  }

  /** @throws NotFoundError for a version that is not there, UpstreamError for one without a sha512 */
  async dist(name: string, version: string): Promise<NpmDist> {
    const found = (await this.#packument(name)).versions[version];
    if (found === undefined) throw new NotFoundError(`npm package ${name} has no version ${version}`);
    const { tarball, integrity = "" } = found.dist;
    // Subresource Integrity: several hashes may stand here, of which sha512 is the strongest.
    const base64 = /(?:^|\s)sha512-(?<hash>[A-Za-z0-9+/]{86}==)/.exec(integrity)?.groups?.hash;
    if (base64 === undefined) throw new UpstreamError(`npm states no sha512 for ${name} ${version}`);
    return { tarball, sha512: Buffer.from(base64, "base64").toString("hex") };
  }

  #packument(name: string): Promise<Packument> {
    const known = this.#packuments.get(name);
    if (known !== undefined) return known;
    const asked = this.#fetchPackument(name);
    this.#packuments.set(name, asked);
    return asked;
  }

  async #fetchPackument(name: string): Promise<Packument> {
    const registry = await registryFor(name);
    const url = `${registry}/${name.replace("/", "%2f")}`;
    return this.#answers.get(url, (answer) => readJson(answer, packument, "npm's registry"), HEADERS);
  }
}

/** @returns the registry's URL without a slash at the end */
async function registryFor(name: string): Promise<string> {
  const scope = /^(?<scope>@[^/]+)\//.exec(name)?.groups?.scope;
  const settings = [...(scope === undefined ? [] : [`${scope}:registry`]), "registry"];
  for (const setting of settings) {
    const value = (await run("npm", ["config", "get", setting])).trim();
    if (URL.canParse(value)) return value.replace(/\/+$/, "");
  }
  throw new UpstreamError("the npm client names no registry", { hint: "npm config get registry" });
}
