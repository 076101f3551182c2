/** Completion for zsh, by its own _arguments: a script that asks no program, for a TAB must not wait for Node to start. */
import type { CommandEntry, CommandLine, Operand, OptionLine } from "./command-line.ts";
import type { Expectation } from "./expectation.ts";
import { quoted } from "./quote.ts";

export function zshCompletion({ commands, options }: CommandLine): string {
  return `#compdef bakery
# Completion of bakery for zsh, made by: bakery completion zsh

# The recipes beside the program that is being completed, unless BAKERY_EXTENSIONS names others.
_bakery_extensions() {
  local folder=\${BAKERY_EXTENSIONS:-} file=\${~program}
  if [[ -z $folder ]]; then
    [[ $file == */* ]] || file=\${commands[$file]:-$file}
    folder=\${file:A:h}/extensions
  fi
  local -a names=($folder/*/recipe.ts(N:h:t))
  names=(\${names:#*[^a-z0-9-]*})
  compadd "$@" -a names
}

_bakery_commands() {
  local -a names=(
${commands.map(({ name, summary }) => `    ${quoted(`${escaped(name)}:${summary}`)}`).join("\n")}
  )
  _describe -t commands command names
}

# What nobody can know. (With a mere message _arguments offers no options in its place.)
_bakery_anything() {
  return 1
}

# Words after which something follows at once.
_bakery_beginnings() {
  compadd -S '' -- "$@"
}

_bakery() {
  local context state state_descr line program=\${(Q)words[1]}
  typeset -A opt_args
  local -a own=()
  _arguments -C \\
${argumentsOf([...options.map(optionSpec), quoted("1:command:_bakery_commands"), quoted("*:: :->operands")], 4)}
  [[ $state == operands ]] || return
  local name=$words[1]
  case $name in
${commands.map(commandCase).join("\n")}
  esac
}

# Autoloaded from fpath, this file is the function; sourced, it says what the function completes.
if [[ $funcstack[1] == _bakery ]]; then
  _bakery "$@"
else
  compdef _bakery bakery
fi
`;
}

function commandCase({ name, options, operands, ofExtensions }: CommandEntry): string {
  const own = ofExtensions.map(
    ({ extension, options: added }) =>
      `      (( $words[(Ie)${extension}] )) && own+=(${added.map(optionSpec).join(" ")})`,
  );
  const specs = [...options.map(optionSpec), ...operands.map(operandSpec)];
  return `    ${name})
${[...own, `      _arguments -S $own \\`, argumentsOf(specs, 8)].join("\n")}
      ;;`;
}

function argumentsOf(specs: readonly string[], indent: number): string {
  return specs.map((spec) => " ".repeat(indent) + spec).join(" \\\n");
}

function optionSpec({ flags, summary, value }: OptionLine): string {
  const text = `[${summary.replace(/[\\[\]]/g, "\\$&")}]`;
  const [first = ""] = flags;
  if (value === undefined) {
    if (flags.includes("--help")) return `'(- *)'{${flags.join(",")}}${quoted(text)}`;
    return quoted(first + text);
  }
  // Which of them may be repeated is not known: offering one again hurts nobody.
  const argument = `:${escaped(value.name)}:${actionOf(value.expects)}`;
  return quoted(value.optional ? `*${first}=-${text}:${argument}` : `*${first}=${text}${argument}`);
}

function operandSpec({ name, variadic, expects }: Operand, at: number): string {
  return quoted(`${variadic ? "*" : at + 1}:${escaped(name)}:${actionOf(expects)}`);
}

function actionOf(expects: Expectation): string {
  switch (expects.kind) {
    case "words": {
      const words = expects.words.join(" ");
      return expects.words.some((word) => word.endsWith("=")) ? `{_bakery_beginnings ${words}}` : `(${words})`;
    }
    case "extension":
      return "_bakery_extensions";
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "anything":
      return "_bakery_anything";
  }
}

function escaped(text: string): string {
  return text.replace(/[\\:]/g, "\\$&");
}
