/** Presses TAB in the real shells, each with its completion: what stands in the line then. */
import { writeFile } from "node:fs/promises";
import { execute } from "../support/execute.ts";

/** Where the shell works: the folder has the program, and files to complete. */
interface Place {
  readonly folder: string;
  readonly script: string;
}

/** @returns for each line the words that its last one was completed to; none where nothing fits */
export type PressTab = (place: Place, lines: readonly string[]) => Promise<string[][]>;

export const PRESS_TAB: Readonly<Record<"bash" | "zsh" | "fish", PressTab>> = {
  // Readline's insert-completions; then the line's beginning gets a program that writes down its words.
  bash: (place, lines) =>
    typed(place, lines, {
      start: { "bash.rc": `source ${place.script}\nPS1=\n${SAY}` },
      command: "bash --noprofile --rcfile bash.rc -i",
      keys: "\x1b*",
    }),
  zsh: (place, lines) =>
    typed(place, lines, {
      start: {
        // An EDITOR of vi, which npm sets, gives zsh other keys.
        ".zshrc": `PS1=
bindkey -e
autoload -Uz compinit && compinit -u -D
source ${place.script}
zle -C all-matches complete-word _generic
bindkey '^Xa' all-matches
zstyle ':completion:all-matches:*' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
${SAY}`,
      },
      command: "zsh -d -i",
      keys: "\x18a",
    }),
  async fish({ folder, script }, lines) {
    const asked = lines.map((line) => `complete -C ${fishWord(line)}\nprintf '\\0'`);
    await writeFile(`${folder}/asked.fish`, `source ${script}\n${asked.join("\n")}\n`);
    const { stdout } = await execute("fish", ["--no-config", "asked.fish"], { cwd: folder });
    // fish adds descriptions, and itself quotes what it puts into the line.
    const words = (answer: string) => answer.split("\n").flatMap((reply) => reply.split("\t", 1));
    return stdout
      .split("\0")
      .slice(0, -1)
      .map((answer) => words(answer).filter((word) => word !== ""));
  },
};

const SAY = "say() { printf '%s\\0' \"$@\" >> said; printf '\\n' >> said; }\n";
const BEGINNING_OF_LINE = "\x01";

interface Session {
  readonly start: Readonly<Record<string, string>>;
  readonly command: string;
  /** What inserts all that fits */
  readonly keys: string;
}

/** A shell at a terminal of its own, where somebody types ahead. */
async function typed({ folder }: Place, lines: readonly string[], { start, command, keys }: Session) {
  for (const [file, text] of Object.entries(start)) await writeFile(`${folder}/${file}`, text);
  const input = lines.map((line) => `${line}${keys}${BEGINNING_OF_LINE}say \n`).join("");
  await writeFile(`${folder}/typed`, `${input}exit\n`);
  const env = { TERM: "dumb", INPUTRC: "/dev/null", ZDOTDIR: folder, HOME: folder };
  let said = "";
  // A shell that is slow to start loses what was typed before: it says fewer lines then, whatever it completes.
  for (const pause of [0, 1, 3, 6]) {
    await writeFile(`${folder}/said`, "");
    const typing = `{ sleep ${pause}; cat typed; } | script -qec "${command}" /dev/null`;
    await execute("sh", ["-c", typing], { cwd: folder, env });
    said = (await execute("cat", ["said"], { cwd: folder })).stdout;
    if (said.split("\0\n").length > lines.length) break;
  }
  return said
    .split("\0\n")
    .slice(0, -1)
    .map((line, at) => {
      const typedWords = (lines[at] ?? "").split(" ");
      const words = line.split("\0").slice(typedWords.length - 1);
      // What nothing fits is left as it was.
      return words.filter((word) => word !== typedWords.at(-1));
    });
}

function fishWord(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
