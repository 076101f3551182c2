/**
 * Sends messages to the one who is told of publications, signed as Standard Webhooks 1.0.0 says:
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import type { WebhookMessage } from "../../schema/index.ts";
import type { Clock } from "../context.ts";
import type { Fetch } from "../outgoing.ts";
import { within } from "../time-limit.ts";
import type { WebhookConfig } from "./webhook-config.ts";

export interface WebhookOptions {
  readonly fetch: Fetch;
  /** Milliseconds */
  readonly patience: number;
  readonly now: Clock;
}

/** Why a message was not taken. Says nothing that the receiver's URL may keep secret. */
export interface Refusal {
  readonly reason: string;
  /** Whether the receiver wants no more of it */
  readonly isFinal: boolean;
  /** When the receiver wants to be asked again, where it says so */
  readonly retryAfterSeconds: number;
}

const GONE = 410;

export class Webhook {
  readonly #config: WebhookConfig;
  readonly #options: WebhookOptions;

  constructor(config: WebhookConfig, options: WebhookOptions) {
    this.#config = config;
    this.#options = options;
  }

  /** @returns undefined where the receiver has taken it */
  async send({ id, event }: WebhookMessage): Promise<Refusal | undefined> {
    const body = JSON.stringify(event);
    const timestamp = Math.floor(this.#options.now() / 1000);
    const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
    const signatures = await Promise.all(this.#config.secrets.map((secret) => sign(secret, signed)));
    const response = await this.#post(body, {
      "content-type": "application/json",
      "user-agent": "sysext-bakery",
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signatures.join(" "),
    });
    if (response === undefined)
      return { reason: "cannot be reached, or not in time", isFinal: false, retryAfterSeconds: 0 };
    if (response.ok) return undefined;
    const { status, headers } = response;
    return { reason: `answers ${status}`, isFinal: status === GONE, retryAfterSeconds: retryAfter(headers) };
  }

  /** Redirects are no answer: what is secret goes to the receiver and no further. */
  async #post(body: string, headers: Record<string, string>): Promise<Response | undefined> {
    const { fetch, patience } = this.#options;
    const request = {
      method: "POST",
      redirect: "manual",
      body,
      headers,
      signal: AbortSignal.timeout(patience),
    } as const;
    try {
      const response = await within(patience, fetch(this.#config.url, request));
      await response.body?.cancel();
      return response;
    } catch {
      // The error may name the URL.
      return undefined;
    }
  }
}

/** `v1,<base64>` */
async function sign(secret: Uint8Array, text: Uint8Array): Promise<string> {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, text);
  return `v1,${btoa(String.fromCharCode(...new Uint8Array(signature)))}`;
}

/** RFC 9110 section 10.2.3, where it is a number of seconds. */
function retryAfter(headers: Headers): number {
  const text = headers.get("retry-after") ?? "";
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
}
