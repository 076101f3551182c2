/**
 * Runs the `run` steps of a workflow of GitHub Actions in a folder, as a runner does: job by job, for each combination
 * of a matrix, with expressions evaluated by GitHub's own library. Steps that use actions are left out.
 *
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { parse } from "yaml";
import { execute } from "./execute.ts";

type Values = { readonly [name: string]: Value };
type Value = string | readonly Value[] | Values;
type Env = Readonly<Record<string, string>>;

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly run?: string;
  readonly env?: Env;
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly env?: Env;
  readonly environment?: string;
  readonly outputs?: Env;
  readonly strategy?: { readonly matrix: { readonly include: string } };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly env?: Env;
  readonly jobs: Readonly<Record<string, Job>>;
}

export interface WorkflowWorld {
  readonly folder: string;
  /** `vars`, `secrets` and `github`, as expressions see them; by environment where a job has one */
  contexts(environment: string | undefined): Values;
  /** Added to what the workflow says, as a runner adds its own */
  env(environment: string | undefined): Env;
}

/** What a step has come to. */
export interface StepRun {
  readonly job: string;
  readonly run: string;
  readonly exitCode: number | null;
  readonly output: string;
}

export interface WorkflowRun {
  readonly steps: readonly StepRun[];
  /** Of each job: success, failure, or skipped */
  readonly results: Readonly<Record<string, string>>;
  /** What steps have appended to $GITHUB_STEP_SUMMARY */
  readonly summary: string;
}

export async function readWorkflow(path: string): Promise<Workflow> {
  return parse(await readFile(path, "utf8")) as Workflow;
}

/** Jobs stand in the file after those that they need. */
export async function runWorkflow(workflow: Workflow, world: WorkflowWorld): Promise<WorkflowRun> {
  const steps: StepRun[] = [];
  const needs: Record<string, Values> = {};
  let summary = "";
  for (const [name, job] of Object.entries(workflow.jobs)) {
    const needed = [job.needs ?? []].flat();
    const isGood = needed.every((one) => needs[one]?.result === "success");
    const base = { ...world.contexts(job.environment), needs };
    if (!isTrue(job.if, base, isGood)) {
      needs[name] = { result: "skipped", outputs: {} };
      continue;
    }
    const matrix = job.strategy && (evaluate(job.strategy.matrix.include, base) as data.Array);
    const combinations = matrix === undefined ? [undefined] : matrix.values();
    let result = "success";
    let outputs: Values = {};
    for (const combination of combinations) {
      const made = await runJob(name, job, { workflow, world, base, matrix: combination });
      steps.push(...made.steps);
      summary += made.summary;
      outputs = made.outputs;
      if (made.steps.some(({ exitCode }) => exitCode !== 0)) result = "failure";
    }
    needs[name] = { result, outputs };
  }
  const results = Object.entries(needs).map(([name, { result }]) => [name, String(result)]);
  return { steps, results: Object.fromEntries(results), summary };
}

interface Running {
  readonly workflow: Workflow;
  readonly world: WorkflowWorld;
  readonly base: Values;
  readonly matrix: data.ExpressionData | undefined;
}

async function runJob(name: string, job: Job, { workflow, world, base, matrix }: Running) {
  const runner = await mkdtemp(join(tmpdir(), "runner-"));
  const files = { GITHUB_OUTPUT: join(runner, "output"), GITHUB_STEP_SUMMARY: join(runner, "summary") };
  const made: StepRun[] = [];
  const known: Record<string, Values> = {};
  try {
    for (const { id, run, env = {}, ...step } of job.steps) {
      const contexts = { ...base, steps: known };
      const isGood = made.every(({ exitCode }) => exitCode === 0);
      if (run === undefined || !isTrue(step.if, contexts, isGood, matrix)) continue;
      if (run.includes("${{")) throw new Error(`an expression in a script is a way in for others: ${run}`);
      const said = Object.entries({ ...workflow.env, ...job.env, ...env });
      const texts = said.map(([key, text]) => [key, interpolate(String(text), contexts, matrix)]);
      const all = { ...Object.fromEntries(texts), ...files, ...world.env(job.environment) };
      const { exitCode, stdout, stderr } = await execute("bash", ["-e", "-o", "pipefail", "-c", run], {
        cwd: world.folder,
        env: all,
      });
      made.push({ job: name, run, exitCode, output: stdout + stderr });
      if (id !== undefined) known[id] = { outputs: await outputsIn(files.GITHUB_OUTPUT) };
    }
    const outputs = Object.entries(job.outputs ?? {}).map(([key, text]) => [
      key,
      interpolate(text, { ...base, steps: known }, matrix),
    ]);
    const summary = await readFile(files.GITHUB_STEP_SUMMARY, "utf8").catch(() => "");
    return { steps: made, outputs: Object.fromEntries(outputs) as Values, summary };
  } finally {
    await rm(runner, { recursive: true });
  }
}

async function outputsIn(file: string): Promise<Values> {
  const lines = (await readFile(file, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** Without a word about other steps or jobs, a condition holds only where all before were good. */
function isTrue(
  condition: string | undefined,
  contexts: Values,
  isGood: boolean,
  matrix?: data.ExpressionData,
): boolean {
  if (condition === undefined) return isGood;
  // Nobody cancels here.
  const text = condition.replace(/!cancelled\(\)|always\(\)/g, "true");
  const holds = evaluate(text, contexts, matrix).coerceString() === "true";
  return holds && (isGood || text !== condition);
}

function interpolate(text: string, contexts: Values, matrix?: data.ExpressionData): string {
  return text.replace(/\$\{\{.*?\}\}/g, (expression) => evaluate(expression, contexts, matrix).coerceString());
}

function evaluate(text: string, contexts: Values, matrix?: data.ExpressionData): data.ExpressionData {
  const expression = text.replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1").trim();
  const known = new data.Dictionary(
    ...Object.entries(contexts).map(([key, value]) => ({ key, value: dataOf(value) })),
    ...(matrix === undefined ? [] : [{ key: "matrix", value: matrix }]),
  );
  const { tokens } = new Lexer(expression).lex();
  return new Evaluator(
    new Parser(tokens, ["vars", "secrets", "github", "needs", "steps", "matrix"], []).parse(),
    known,
  ).evaluate();
}

function dataOf(value: Value): data.ExpressionData {
  if (typeof value === "string") return new data.StringData(value);
  if (Array.isArray(value)) return new data.Array(...value.map(dataOf));
  return new data.Dictionary(...Object.entries(value).map(([key, it]) => ({ key, value: dataOf(it) })));
}
