/** What happens to releases when an index says something else than before. */
import {
  type IndexEntry,
  type Inventory,
  imagesOf,
  isListed,
  linesOf,
  type PublishedRelease,
  type ReleaseEvent,
  type WebhookMessage,
} from "../../schema/index.ts";
import { sha256Hex } from "../digest.ts";

export interface IndexChange {
  readonly inventory: Inventory;
  /** What the extension's index said before */
  readonly before: readonly IndexEntry[];
  /** When the new one takes effect */
  readonly effectiveAt: string;
  /** The bakery's address */
  readonly base: string;
}

export async function messagesOf({ inventory, before, effectiveAt, base }: IndexChange): Promise<WebhookMessage[]> {
  const { extension } = inventory;
  const named = new Set(before.map(({ file }) => file));
  const changed = inventory.releases.filter((release) => {
    const wasListed = linesOf(extension, release).some(({ file }) => named.has(file));
    return wasListed !== isListed(release);
  });
  return Promise.all(
    changed.map(async (release) => {
      const { version, publishedAt, yanked } = release;
      const { type, timestamp } = whatHappened(release);
      const images = imagesOf({ extension, ...release }, base);
      const reason = yanked && { reason: yanked.reason };
      const data = { extension, version, publishedAt, effectiveAt, images, ...reason };
      return { id: await idOf(`${type} ${extension} ${version} ${timestamp}`), event: { type, timestamp, data } };
    }),
  );
}

function whatHappened({ publishedAt, yanked, pruned, restoredAt }: PublishedRelease): Omit<ReleaseEvent, "data"> {
  const withdrawnAt = yanked?.at ?? pruned?.at;
  if (withdrawnAt !== undefined) return { type: "release.withdrawn", timestamp: withdrawnAt };
  return restoredAt === undefined
    ? { type: "release.published", timestamp: publishedAt }
    : { type: "release.restored", timestamp: restoredAt };
}

/** The same event has the same id, whoever finds out about it, and however often. */
async function idOf(event: string): Promise<string> {
  return `msg_${(await sha256Hex(new TextEncoder().encode(event))).slice(0, 32)}`;
}

/** Whether an index says what an event tells of it. */
export function isSaidBy(index: string, { type, data }: ReleaseEvent): boolean {
  const isNamed = data.images.some(({ file }) => index.includes(`  ${file}\n`));
  return isNamed !== (type === "release.withdrawn");
}
