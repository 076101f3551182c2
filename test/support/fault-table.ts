/** Writes the rules of `fault-cases.ts` as tables: states that make no difference stand in one row. */
import {
  type Answer,
  answerText,
  COPIES,
  expectedAnswer,
  type FaultCase,
  faultCases,
  GITHUB,
  isPossible,
  KV,
  MEMORY,
  R2,
  REQUESTS,
} from "../worker/fault-cases.ts";

type State = Omit<FaultCase, "request">;
type Axis = keyof State;
/** What of each axis a row is about: any of these values. */
interface Row {
  readonly states: Readonly<Record<Axis, readonly string[]>>;
  readonly answer: Answer;
}

const VALUES: Readonly<Record<Axis, readonly string[]>> = {
  r2: R2,
  github: GITHUB,
  memory: MEMORY,
  kv: KV,
  copies: COPIES,
};
const TITLES: Readonly<Record<Axis, string>> = {
  memory: "memory has",
  kv: "KV has",
  copies: "the copies are",
  r2: "R2",
  github: "GitHub",
};
/** One word for values that come together; the page says which. */
const WORDS: Readonly<Partial<Record<Axis, Readonly<Record<string, readonly string[]>>>>> = {
  kv: { "a copy": ["fresh copy", "old copy"], "no copy": ["nothing", "fails", "hangs", "not bound"] },
  github: {
    "has it": ["has it", "has it, late"],
    fails: ["unreachable", "hangs", "answers 403", "answers 429", "answers 500", "sends garbage"],
  },
};
/** The order in which fewest rows tell all. */
const INDEX_ORDER: readonly Axis[] = ["memory", "r2", "github", "copies", "kv"];
const ORDER: readonly Axis[] = ["r2", "copies", "memory", "github", "kv"];

/** `docs/faults.md`. */
export function faultPage(): string {
  const tables = REQUESTS.map((request) => ({ request, table: tableOf(request) }));
  const sections = [...Map.groupBy(tables, ({ table }) => table)].map(
    ([table, alike]) => `## ${capitalized(alike.map(({ request }) => request).join(" and "))}\n\n${table}`,
  );
  return `${INTRODUCTION}\n${sections.join("\n")}\n${BESIDE_REQUESTS}`;
}

/** What no request of a machine shows; the tests that hold it are named. */
const BESIDE_REQUESTS = `## Webhook

\`test/worker/webhook.test.ts\`

| the receiver | what happens |
| --- | --- |
| fails, hangs, or answers anything but 2xx | the publication stands; the message is sent again, for three days |
| answers 410 | that message is not sent again |

## Dates of signed indexes

\`test/worker/publish/freshness.test.ts\`, \`test/schema/best-before.test.ts\`

| until the date | \`/readyz\` | machines |
| --- | --- | --- |
| more than a third of the time | 200, \`ok\` | install |
| less | 200, \`soon\` | install |
| it is past | 503, \`past\` | systemd 260 and later refuse the index, older ones install |
`;

const INTRODUCTION = `# When something fails

What the worker answers in every state of what it depends on. \`test/worker/faults.test.ts\` tries all
${faultCases().length} of them; the rules are in \`test/worker/fault-cases.ts\`, and this page is made of them:
\`UPDATE_DOCS=1 npm test -- test/docs-faults.test.ts\`.

- A copy in memory is fresh for a minute (\`INDEX_TTL_SECONDS\`), and that in KV too. An old one is served where there is
  nothing better, however old it is. For a second minute one in memory is served while it is read anew: the tables
  leave that out, and "old" is what is older.
${wordList("kv", "KV")}
${wordList("github", "GitHub")}
- 302 leads to the file on GitHub. 503 says when to come again, and nobody is to cache it.
- No answer waits longer than the patience with each of those that hang: \`worker/time-limit.ts\`.
`;

function wordList(axis: Axis, name: string): string {
  const words = Object.entries(WORDS[axis] ?? {}).map(([word, values]) => `"${word}" is: ${values.join("; ")}`);
  return `- Of ${name},\n  ${words.join(".\n  ")}.`;
}

function tableOf(request: FaultCase["request"]): string {
  const order = request === "index" ? INDEX_ORDER : ORDER;
  const rows = faultRows(request, order).map(({ states, answer }) => [
    ...order.map((axis) => cellOf(axis, states[axis])),
    answerText(answer),
  ]);
  const head = [...order.map((axis) => TITLES[axis]), "answer"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function cellOf(axis: Axis, values: readonly string[]): string {
  const missing = VALUES[axis].filter((value) => !values.includes(value));
  if (missing.length === 0) return "any";
  if (missing.length === 1 && values.length > 2) return `any but ${missing[0]}`;
  const words = Object.entries(WORDS[axis] ?? {}).filter(([, all]) => all.every((value) => values.includes(value)));
  const covered = words.flatMap(([, all]) => all);
  const others = values.filter((value) => !covered.includes(value));
  return [...words.map(([word]) => word), ...others].join(" or ");
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function faultRows(request: FaultCase["request"], order: readonly Axis[]): Row[] {
  return rowsOf(order, { request }).filter(({ states }) => isAnyPossible(request, states));
}

function rowsOf([axis, ...rest]: readonly Axis[], known: Partial<FaultCase>): Row[] {
  if (axis === undefined) return [{ states: {} as Row["states"], answer: expectedAnswer(known as FaultCase) }];
  const tables = VALUES[axis].map((value) => ({ value, rows: rowsOf(rest, { ...known, [axis]: value }) }));
  const alike = Map.groupBy(tables, ({ rows }) => JSON.stringify(rows));
  return [...alike.values()].flatMap((group) => {
    const values = group.map(({ value }) => value);
    return (group[0]?.rows ?? []).map(({ states, answer }) => ({ answer, states: { ...states, [axis]: values } }));
  });
}

function isAnyPossible(request: FaultCase["request"], states: Row["states"]): boolean {
  return combinations(Object.keys(VALUES) as Axis[], states).some((state) =>
    isPossible({ request, ...state } as FaultCase),
  );
}

function combinations([axis, ...rest]: readonly Axis[], states: Row["states"]): Partial<State>[] {
  if (axis === undefined) return [{}];
  return states[axis].flatMap((value) => combinations(rest, states).map((state) => ({ ...state, [axis]: value })));
}
