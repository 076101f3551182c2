/**
 * What a bakery answers in every state that its upstreams can be in, as rules for people to read. They are held
 * against the worker by `faults.test.ts`, and written down in `docs/faults.md`. Pure data: runs in workerd and in Node.
 */

export const REQUESTS = ["index", "signature", "image", "transfer file"] as const;
/** A copy in memory is fresh for a minute; an old one is of before the last two. */
export const MEMORY = ["nothing", "fresh copy", "old copy"] as const;
/** Its old copy is older than a minute, and newer than that in memory. */
export const KV = ["nothing", "fresh copy", "old copy", "fails", "hangs", "not bound"] as const;
/** Whose index it is that memory and KV have a copy of. */
export const COPIES = ["of R2's", "of GitHub's"] as const;
export const R2 = ["has it", "has it not", "fails", "hangs", "not bound"] as const;
export const GITHUB = [
  "has it",
  "has it, late",
  "has it not",
  "unreachable",
  "hangs",
  "answers 403",
  "answers 429",
  "answers 500",
  "sends garbage",
  "not configured",
] as const;

export interface FaultCase {
  readonly request: (typeof REQUESTS)[number];
  readonly memory: (typeof MEMORY)[number];
  readonly kv: (typeof KV)[number];
  readonly copies: (typeof COPIES)[number];
  readonly r2: (typeof R2)[number];
  readonly github: (typeof GITHUB)[number];
}

export type Answer =
  | { readonly status: 200; readonly from: "memory" | "KV" | "R2" | "GitHub" }
  | { readonly status: 302 | 404 | 503 };

const REDIRECT: Answer = { status: 302 };
const ABSENT: Answer = { status: 404 };
const FAILURE: Answer = { status: 503 };

export function faultCases(): FaultCase[] {
  const all = REQUESTS.flatMap((request) =>
    MEMORY.flatMap((memory) =>
      KV.flatMap((kv) =>
        COPIES.flatMap((copies) =>
          R2.flatMap((r2) => GITHUB.map((github) => ({ request, memory, kv, copies, r2, github }))),
        ),
      ),
    ),
  );
  return all.filter(isPossible);
}

/** An isolate's memory is as old as its bindings, so it has no copy from where they do not lead. */
export function isPossible({ memory, copies, r2, github }: FaultCase): boolean {
  const isUnbound = copies === "of R2's" ? r2 === "not bound" : github === "not configured";
  return memory === "nothing" || !isUnbound;
}

export function expectedAnswer(at: FaultCase): Answer {
  switch (at.request) {
    case "index":
      return indexAnswer(at);
    case "signature":
      return signatureAnswer(at);
    default:
      return fileAnswer(at);
  }
}

/** What is fresh answers without asking further. */
function indexAnswer(at: FaultCase): Answer {
  const { memory, kv, copies } = at;
  if (memory === "fresh copy") return { status: 200, from: "memory" };
  // A bucket says "unchanged" for less than a read of KV costs.
  const asksR2First = memory === "old copy" && copies === "of R2's";
  if (kv === "fresh copy" && !asksR2First) return { status: 200, from: "KV" };
  return answerOfOrigin(at);
}

function answerOfOrigin(at: FaultCase): Answer {
  const { r2, github, copies } = at;
  if (r2 === "has it") return { status: 200, from: "R2" };
  // GitHub's would be another index, and the bucket may have one.
  if (isFailing(r2)) return newestCopy(at) ?? FAILURE;
  if (github === "not configured") return ABSENT;
  if (github === "has it" || github === "has it, late") return { status: 200, from: "GitHub" };
  // An asset is replaced by deleting it first: for ten minutes nobody believes that it is gone.
  if (github === "has it not") return (copies === "of GitHub's" ? newestCopy(at) : undefined) ?? ABSENT;
  // Never worse than a server that only redirects.
  return newestCopy(at) ?? REDIRECT;
}

/** KV's, which is from after the last refresh of memory's. */
function newestCopy({ memory, kv }: FaultCase): Answer | undefined {
  if (kv === "fresh copy" || kv === "old copy") return { status: 200, from: "KV" };
  return memory === "nothing" ? undefined : { status: 200, from: "memory" };
}

/** That of the index which the same client gets, or none: GitHub's are not signed. */
function signatureAnswer(at: FaultCase): Answer {
  const index = indexAnswer(at);
  if (index.status === 503) return index;
  return index.status === 200 && isR2s(index, at) ? index : ABSENT;
}

/** Images and transfer files are nowhere but in R2 and on GitHub, where nobody looks whether they are. */
function fileAnswer(at: FaultCase): Answer {
  const { r2, github } = at;
  if (r2 === "has it") return { status: 200, from: "R2" };
  if (!isFailing(r2)) return github === "not configured" ? ABSENT : REDIRECT;
  // Under the name GitHub may have other bytes than the index says, unless the index is GitHub's itself.
  const index = indexAnswer(at);
  const isGithubs = index.status === 200 && !isR2s(index, at);
  return isGithubs && github !== "not configured" ? REDIRECT : FAILURE;
}

function isR2s({ from }: Extract<Answer, { status: 200 }>, { copies }: FaultCase): boolean {
  return from === "R2" || (from !== "GitHub" && copies === "of R2's");
}

function isFailing(r2: FaultCase["r2"]): boolean {
  return r2 === "fails" || r2 === "hangs";
}

/** `200 from KV`, `503`. */
export function answerText(answer: Answer): string {
  return answer.status === 200 ? `200 from ${answer.from}` : String(answer.status);
}
