/**
 * `./bakery` and `npm run import` for a shell, of this process, where they are loaded: a page of ten commands would wait
 * for ten starts of Node. That `./bakery` itself starts, test/scripts/start.test.ts shows.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { main, type Terminal } from "../../../builder/cli.ts";
import { importReleases } from "../../../scripts/import-releases.ts";

/** What it was asked for goes as one list of texts: a folder for the answer, where, what, how many words, they, variables. */
const program = (socket: string) => `#!/bin/sh
answer=$(mktemp -d)
{ printf '%s\\0' "$answer" "$PWD" "\${0##*/}" "$#" "$@"; env --null; } |
  curl --silent --show-error --fail --unix-socket ${socket} --data-binary @- http://bakery/ || exit 70
cat "$answer/stdout"; cat "$answer/stderr" >&2; code=$(cat "$answer/code")
rm -r "$answer"
exit "$code"
`;

export class BakeryCommand implements AsyncDisposable {
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#server = createServer((request, response) => {
      text(request)
        .then(answer)
        .then(
          () => response.end(),
          (error) => response.writeHead(500).end(String(error)),
        );
    });
  }

  /** @param paths where programs are put: `bakery`, `npm` */
  static async at(...paths: string[]): Promise<BakeryCommand> {
    const folder = await mkdtemp(join(tmpdir(), "command-"));
    const command = new BakeryCommand(folder);
    const socket = join(folder, "socket");
    await new Promise<void>((resolve) => command.#server.listen(socket, resolve));
    for (const path of paths) await writeFile(path, program(socket), { mode: 0o755 });
    return command;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true });
  }
}

async function answer(question: string): Promise<void> {
  const [folder = "", cwd = "", name = "", count = "", ...rest] = question.split("\0");
  const args = rest.slice(0, Number(count));
  const env = Object.fromEntries(
    rest.slice(Number(count)).flatMap((variable) => {
      const [, name, value] = /^(?<name>[^=]+)=(?<value>[\s\S]*)$/.exec(variable) ?? [];
      return name === undefined ? [] : [[name, value]];
    }),
  );
  const written = { stdout: "", stderr: "" };
  const screen = (name: "stdout" | "stderr") => ({
    write: (part: string) => {
      written[name] += part;
    },
  });
  const screens = { stdout: screen("stdout"), stderr: screen("stderr") };
  const code = await programOf(name, args)({ ...screens, env, cwd });
  for (const [part, content] of Object.entries({ ...written, code: String(code) })) {
    await writeFile(join(folder, part), content);
  }
}

function programOf(name: string, args: readonly string[]): (terminal: Terminal) => Promise<number> {
  if (name === "bakery") return (terminal) => main(args, terminal);
  const [run, script, dashes, ...rest] = args;
  if (run !== "run" || script !== "import" || dashes !== "--") throw new RangeError(`npm ${args.join(" ")}`);
  return (terminal) => importReleases(rest, terminal);
}
