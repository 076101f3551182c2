/**
 * What the webhook is still to be told. Every message is sent at least once: it is written down before the index that
 * it tells of, sent when that stands, and taken away when the receiver has it. One that was written down before an
 * index that never came is not sent.
 */
import {
  formatOutboxBatch,
  type OutboxBatch,
  type PublishedIndex,
  parseOutboxBatch,
  type WebhookMessage,
} from "../../schema/index.ts";
import type { Clock } from "../context.ts";
import { sha256Hex } from "../digest.ts";
import { logProblem } from "../log.ts";
import type { Objects } from "../publishing/objects.ts";
import { type IndexChange, isSaidBy, messagesOf } from "./release-events.ts";
import type { Refusal, Webhook } from "./webhook.ts";

/** No public path leads there. */
const OUTBOX = ".outbox/";
const [MINUTE, HOUR] = [60, 3600];
/** Seconds to wait after each attempt: three days in all. */
const PAUSES = [5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/** A day is as long as a receiver may ask to be left alone. */
const LONGEST_PAUSE = 24 * HOUR;
/** What a batch waits for its index, which is put within seconds or not at all. */
const UNCONFIRMED_SECONDS = 5 * MINUTE;
/** After its answer a request may go on for half a minute: https://developers.cloudflare.com/workers/platform/limits/ */
const AT_ONCE = { messages: 20, milliseconds: 10_000 };
/** A run of the cron trigger has a quarter of an hour. */
const A_RUN = { messages: 100, milliseconds: 5 * MINUTE * 1000 };
const MAX_BATCHES_A_RUN = 200;

export interface HeldBatch {
  readonly key: string;
  readonly batch: OutboxBatch;
}

export interface OutboxOptions {
  readonly objects: Objects;
  readonly webhook: Webhook;
  readonly now: Clock;
}

/** How much may still be sent; nothing after a failure, for the next message goes to the same receiver. */
interface Budget {
  messages: number;
  readonly until: number;
}

export class Outbox {
  readonly #objects: Objects;
  readonly #webhook: Webhook;
  readonly #now: Clock;

  constructor({ objects, webhook, now }: OutboxOptions) {
    this.#objects = objects;
    this.#webhook = webhook;
    this.#now = now;
  }

  /**
   * Writes down what an index will change, before it is put.
   * @returns undefined where there is nothing to tell
   */
  async hold(change: IndexChange): Promise<HeldBatch | undefined> {
    const messages = await messagesOf(change);
    if (messages.length === 0) return undefined;
    const { extension } = change.inventory;
    const notBefore = this.#after(UNCONFIRMED_SECONDS);
    const document = { schemaVersion: 1, extension, confirmed: false, attempts: 0, notBefore, messages };
    // As it will be read again, so that a message has the same bytes whenever it is sent.
    const batch = parseOutboxBatch(document);
    const held = { key: await keyOf(extension, messages), batch };
    await this.#write(held);
    return held;
  }

  /** Sends what was held, now that its index stands; what cannot be sent is left to the cron trigger. */
  async send({ key, batch }: HeldBatch): Promise<void> {
    try {
      await this.#deliver({ key, batch: { ...batch, confirmed: true } }, this.#budget(AT_ONCE));
    } catch (error) {
      logProblem(`what the webhook is to be told of ${batch.extension} waits in ${key}`, error, this.#now);
    }
  }

  /**
   * Sends what is due, the longest waiting first.
   * @param read what the index of an extension says, now and soon
   */
  async retry(read: (extension: string) => Promise<PublishedIndex | undefined>): Promise<void> {
    const budget = this.#budget(A_RUN);
    const objects = await this.#objects.list(OUTBOX);
    const waiting = objects.toSorted((a, b) => a.uploaded.getTime() - b.uploaded.getTime());
    for (const { key } of waiting.slice(0, MAX_BATCHES_A_RUN)) {
      if (!this.#isLeft(budget)) return;
      const batch = await this.#read(key);
      if (batch === undefined || Date.parse(batch.notBefore) > this.#now()) continue;
      const index = batch.confirmed ? undefined : ((await read(batch.extension))?.generations.at(-1)?.text ?? "");
      const messages = batch.messages.filter(({ event }) => index === undefined || isSaidBy(index, event));
      await this.#deliver({ key, batch: { ...batch, confirmed: true, messages } }, budget);
    }
  }

  async #deliver({ key, batch }: HeldBatch, budget: Budget): Promise<void> {
    const waiting = [...batch.messages];
    let refusal: Refusal | undefined;
    while (refusal === undefined && this.#isLeft(budget)) {
      const message = waiting.shift();
      if (message === undefined) break;
      budget.messages -= 1;
      refusal = await this.#webhook.send(message);
      if (refusal?.isFinal) {
        this.#giveUp([message], refusal);
        refusal = undefined;
      }
      // Behind the others, so that one which the receiver cannot digest does not keep them from it.
      if (refusal !== undefined) waiting.push(message);
    }
    if (waiting.length === 0) return this.#objects.delete([key]);
    const left = { key, batch: { ...batch, messages: waiting } };
    if (refusal === undefined) return this.#write(left);
    budget.messages = 0;
    return this.#postpone(left, refusal);
  }

  async #postpone({ key, batch }: HeldBatch, refusal: Refusal): Promise<void> {
    const attempts = batch.attempts + 1;
    const pause = PAUSES[attempts - 1];
    if (pause === undefined) {
      this.#giveUp(batch.messages, refusal);
      return this.#objects.delete([key]);
    }
    const wanted = Math.min(refusal.retryAfterSeconds, LONGEST_PAUSE);
    const notBefore = this.#after(Math.max(pause, wanted));
    const what = batch.messages.map(nameOf).slice(0, 3).join(", ");
    logProblem(
      `the webhook did not take ${what}, attempt ${attempts}, next after ${notBefore}`,
      refusal.reason,
      this.#now,
    );
    return this.#write({ key, batch: { ...batch, attempts, notBefore } });
  }

  #giveUp(messages: readonly WebhookMessage[], { reason }: Refusal): void {
    for (const message of messages) logProblem(`the webhook will not be told of ${nameOf(message)}`, reason, this.#now);
  }

  async #read(key: string): Promise<OutboxBatch | undefined> {
    const stored = await this.#objects.read(key);
    try {
      return stored && parseOutboxBatch(stored.text);
    } catch (error) {
      logProblem(`the outbox has ${key}, which cannot be read`, error, this.#now);
      return undefined;
    }
  }

  async #write({ key, batch }: HeldBatch): Promise<void> {
    await this.#objects.overwrite(key, formatOutboxBatch(batch));
  }

  #budget({ messages, milliseconds }: typeof AT_ONCE): Budget {
    return { messages, until: this.#now() + milliseconds };
  }

  #isLeft({ messages, until }: Budget): boolean {
    return messages > 0 && this.#now() < until;
  }

  #after(seconds: number): string {
    return new Date(this.#now() + seconds * 1000).toISOString();
  }
}

/** By what is in it: who puts the same index once more writes the same batch, and not a second one. */
async function keyOf(extension: string, messages: readonly WebhookMessage[]): Promise<string> {
  const ids = messages.map(({ id }) => id).join(" ");
  return `${OUTBOX}${extension}-${(await sha256Hex(new TextEncoder().encode(ids))).slice(0, 32)}.json`;
}

/** `release.published of k3s-v1.32.2 (msg_…)` */
function nameOf({ id, event: { type, data } }: WebhookMessage): string {
  return `${type} of ${data.extension}-${data.version} (${id})`;
}
