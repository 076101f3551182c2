/** What the parts of a run of a mirror work with. */
import type { SigningKey } from "../signing/signing-key.ts";
import type { Progress } from "../system/progress.ts";
import type { MirrorFolder } from "./mirror-folder.ts";
import type { MirrorMemory } from "./mirror-state.ts";
import type { Selection } from "./selection.ts";
import type { UpstreamBakery } from "./upstream-bakery.ts";

export interface Mirroring {
  readonly bakery: UpstreamBakery;
  readonly folder: MirrorFolder;
  readonly memory: MirrorMemory;
  readonly selection: Selection;
  /** What transfer files are to name instead of the bakery; none: they stay as they are */
  readonly ownUrl: string | undefined;
  /** Signs indexes that name less than the bakery's; none: they are not signed */
  readonly key: SigningKey | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}
