/** The `fetch` of a publisher that dies at its n-th request: before it is sent, within its body, or with its answer. */

export type Where = "before" | "inside" | "after";

export interface Death {
  /** Requests count from 1; none: it lives */
  readonly at: number;
  readonly where: Where;
  /** Ends the publisher; nothing happens after it. */
  readonly die: () => void;
}

export interface Request {
  readonly method: string;
  readonly hasBody: boolean;
  /** Whether another one was under way at the same time */
  overlaps: boolean;
}

export class MortalFetch {
  /** What was asked so far */
  readonly requests: Request[] = [];
  readonly #death: Death;
  readonly #real: typeof fetch;
  readonly #underWay = new Set<Request>();

  constructor(death: Death, real: typeof fetch) {
    this.#death = death;
    this.#real = real;
  }

  async fetch(input: Parameters<typeof fetch>[0], init: RequestInit = {}): Promise<Response> {
    const { at, where, die } = this.#death;
    const { method = "GET", body } = init;
    const request = { method, hasBody: body !== undefined && body !== null, overlaps: this.#underWay.size > 0 };
    for (const other of this.#underWay) other.overlaps = true;
    this.requests.push(request);
    const isHit = this.requests.length === at;
    if (isHit && where === "before") die();
    const sent = isHit && where === "inside" && body ? new DeadlyBlob([body as Blob | string], die) : body;
    this.#underWay.add(request);
    try {
      const response = await this.#real(input, { ...init, ...(sent && { body: sent }) });
      if (isHit && where === "after") die();
      return response;
    } finally {
      this.#underWay.delete(request);
    }
  }
}

/** Reads half of a blob to whoever sends it, and then is no more. */
class DeadlyBlob extends Blob {
  readonly #die: () => void;

  constructor(parts: (Blob | string)[], die: () => void) {
    super(parts);
    this.#die = die;
  }

  override stream(): ReturnType<Blob["stream"]> {
    const half = this.slice(0, Math.ceil(this.size / 2));
    const end = new TransformStream({
      flush: async () => {
        // What was written is to leave the process first.
        await new Promise((resolve) => setTimeout(resolve, 30));
        this.#die();
        // The body never ends.
        await new Promise(() => {});
      },
    });
    return half.stream().pipeThrough(end as never);
  }
}
