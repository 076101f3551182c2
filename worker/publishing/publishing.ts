/** Puts together what publishing needs; where nobody may publish there is nothing. */
import type { Authenticator } from "../auth/authenticator.ts";
import type { Clock } from "../context.ts";
import type { Config } from "../env.ts";
import type { IndexCache } from "../indexes/index-cache.ts";
import type { Patience } from "../time-limit.ts";
import { Outbox } from "../webhook/outbox.ts";
import type { Webhook } from "../webhook/webhook.ts";
import { CatalogueKeeper } from "./catalogue-record.ts";
import { Committer } from "./commit.ts";
import { Descriptions } from "./descriptions.ts";
import { Drafts } from "./drafts.ts";
import type { VerifySignature } from "./index-signatures.ts";
import { IndexPublisher } from "./indexes.ts";
import { Inventories } from "./inventories.ts";
import { Objects } from "./objects.ts";
import { RecentRecord } from "./recent-record.ts";
import { Uploads } from "./uploads.ts";
import { Withdrawals } from "./withdrawals.ts";

export interface Publishing {
  readonly authenticator: Authenticator;
  readonly maxReleaseBytes: number;
  readonly committer: Committer;
  readonly drafts: Drafts;
  readonly uploads: Uploads;
  readonly indexes: IndexPublisher;
  readonly withdrawals: Withdrawals;
  readonly now: Clock;
  readonly descriptions: Descriptions;
  /** Tells the webhook what it could not be told so far. */
  retryWebhook(): Promise<void>;
}

export interface PublishingOptions {
  readonly bucket: R2Bucket;
  readonly patience: Patience;
  readonly config: Config;
  readonly authenticator: Authenticator;
  readonly indexCache: IndexCache;
  readonly verify: VerifySignature | undefined;
  readonly webhook: Webhook | undefined;
  readonly now: Clock;
}

export function createPublishing(options: PublishingOptions): Publishing {
  const { bucket, patience, config, authenticator, indexCache, verify, webhook, now } = options;
  const objects = new Objects(bucket, patience);
  const drafts = new Drafts(objects, now);
  const inventories = new Inventories(objects);
  const settleSeconds = config.indexSettleSeconds;
  const recent = new RecentRecord(objects);
  const catalogue = new CatalogueKeeper(objects, now);
  const outbox = webhook && new Outbox({ objects, webhook, now });
  const indexes = new IndexPublisher({
    objects,
    inventories,
    recent,
    catalogue,
    outbox,
    indexCache,
    verify,
    settleSeconds,
    now,
  });
  return {
    authenticator,
    now,
    maxReleaseBytes: config.maxReleaseBytes,
    drafts,
    indexes,
    committer: new Committer({ objects, drafts, inventories, verify, now }),
    uploads: new Uploads(objects, drafts),
    retryWebhook: async () => outbox?.retry((extension) => indexes.document(extension, "extension")),
    withdrawals: new Withdrawals({ objects, inventories, indexes, now }),
    descriptions: new Descriptions(objects, inventories, catalogue),
  };
}
