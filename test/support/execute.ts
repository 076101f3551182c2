/** Runs a program for its outcome, whatever that is: for tests, a failure is an answer. */
import { spawn } from "node:child_process";

export interface Execution {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function execute(
  command: string,
  args: readonly string[],
  { env = {}, cwd }: { env?: Readonly<Record<string, string | undefined>>; cwd?: string } = {},
): Promise<Execution> {
  const { promise, resolve, reject } = Promise.withResolvers<Execution>();
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", ...env },
    ...(cwd !== undefined && { cwd }),
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  child.on("error", reject);
  child.on("close", (exitCode) => resolve({ exitCode, ...output }));
  return promise;
}
