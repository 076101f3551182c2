/** Trees out of container images. */
import type { Arch, DownloadRecord } from "../../schema/index.ts";
import type { OciRootfs } from "../recipe/index.ts";
import { UserError } from "../system/errors.ts";
import { loginsFrom } from "./oci/credentials.ts";
import { pullImage } from "./oci/pull.ts";
import { type ImageOptions, resolveImage } from "./oci/resolve.ts";
import type { ResolvedRootfs } from "./rootfs-maker.ts";

/** @param env where container tools have their credentials */
export async function ociRootfs(
  { image, unverified }: OciRootfs,
  arch: Arch,
  kitchen: ImageOptions["kitchen"],
  env: NodeJS.ProcessEnv,
): Promise<ResolvedRootfs> {
  const options = { arch, kitchen, logins: loginsFrom(env) };
  const resolved = await resolveImage(image, options);
  const [name = ""] = resolved.reference.split("@");
  const vouched: Pick<DownloadRecord, "verifiedBy" | "reason"> =
    unverified === undefined ? { verifiedBy: "oci-digest" } : { verifiedBy: "unverified", reason: unverified };
  const layers = resolved.layers.map(({ digest, size }) => ({ sha256: sha256In(digest, image), size }));
  const downloads = [...resolved.downloads, ...layers].map(({ sha256, size }) => {
    return { url: `oci:${name}@sha256:${sha256}`, sha256, size, ...vouched };
  });
  return {
    identity: `${name}@${resolved.digest}`,
    downloads,
    env: variablesIn(resolved.config.config?.Env ?? []),
    async make(folder, signal) {
      // What was resolved, also where the tag has moved on since.
      await pullImage(resolved.reference, folder, { ...options, kitchen: { ...kitchen, signal } });
    },
    async copyTo(cache) {
      await kitchen.downloads.copyFiles(
        cache,
        downloads.map(({ sha256 }) => sha256),
      );
    },
  };
}

/** What is no `NAME=value`, no program could be given. */
function variablesIn(lines: readonly string[]): Record<string, string> {
  const found = lines.flatMap((line) => {
    const { name, value } = /^(?<name>[^=\0]+)=(?<value>[^\0]*)$/s.exec(line)?.groups ?? {};
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}

/** Release manifests know no other digests, and registries hardly any. */
function sha256In(digest: string, image: string): string {
  if (digest.startsWith("sha256:")) return digest.slice("sha256:".length);
  throw new UserError(`a layer of ${image} is named by no sha256, which a release manifest could not tell of`, {
    details: { layer: digest },
  });
}
