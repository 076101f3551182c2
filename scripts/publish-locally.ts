/** Publishes into a bakery on this machine, through its API as everybody does. */
import { BakeryPublisher } from "../builder/publish/bakery.ts";
import { BakeryApi } from "../builder/publish/bakery-api.ts";
import type { SigningPolicy } from "../builder/publish/index-signer.ts";
import { type Progress, progressOn } from "../builder/system/progress.ts";
import type { LocalBakery } from "./local-bakery.ts";

export interface LocalPublishing {
  readonly progress?: Progress;
  readonly signing?: SigningPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether to wait until the index is in effect, and to read everything back */
  readonly proves?: boolean;
}

export function localPublisher(
  { url, token }: Pick<LocalBakery, "url" | "token">,
  { progress = progressOn({ write: () => {} }), signing, signal, proves = true }: LocalPublishing = {},
): BakeryPublisher {
  const api = new BakeryApi({ url, credentials: { token: async () => token }, signal });
  return new BakeryPublisher({ api, progress, signing, proves, signal });
}
