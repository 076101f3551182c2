/** What a recipe says to machines, as the extension's profile has it. */
import type { ExtensionAdvice, HostProfile } from "../../schema/index.ts";
import { type HostSetup, unitPath } from "../recipe/host.ts";
import type { Recipe } from "../recipe/index.ts";

/** What a recipe leaves out is filled in. */
export function adviceOf({ transfers, host = {} }: Recipe): ExtensionAdvice {
  return {
    transfers: transfers === undefined ? ["every-version"] : transfers.map(({ kind }) => kind),
    host: hostProfileOf(host),
  };
}

function hostProfileOf({ activation = "reboot", staysInSeries, ...lists }: HostSetup): HostProfile {
  const { enable, files, mask, links, dropins, users, needs } = lists;
  return {
    activation: typeof activation === "string" ? activation : { restart: [...activation.restart] },
    ...(enable && { enable: enable.map(unitPath) }),
    ...(mask && { mask: [...mask] }),
    ...(files && { files: files.map((file) => ({ ...file, mode: file.mode ?? 0o644 })) }),
    ...(links && { links: [...links] }),
    ...(dropins && { dropins: [...dropins] }),
    ...(users && { users: [...users] }),
    ...(needs && { needs: [...needs] }),
    ...(staysInSeries && { staysInSeries }),
  };
}
