/**
 * Completion for bash, as a script that asks no program: a TAB must not wait for Node to start. It needs no package
 * bash-completion.
 */
import type { CommandEntry, CommandLine, OptionLine } from "./command-line.ts";
import type { Expectation } from "./expectation.ts";
import { quoted } from "./quote.ts";

export function bashCompletion(line: CommandLine): string {
  const { commands, options } = line;
  return `# Completion of bakery for bash, made by: bakery completion bash

# What stands for the value of an option: of a command, with these operands.
_bakery_value() {
  expects='' optional=''
  case "$1 $3" in
${commands.flatMap((command) => command.options.flatMap((option) => valueCases(option, command.name))).join("\n")}
  esac
  case "$1 $2 $3" in
${forExtensions(commands, ({ name }, extension, option) => valueCases(option, `${name} * ${extension} * `))}
  esac
}

# What stands for an operand of a command, by its number.
_bakery_operand() {
  expects=''
  case "$1 $2" in
${commands.flatMap(operandCases).join("\n")}
  esac
}

# The options of a command with these operands.
_bakery_options() {
  case "$1" in
    '') printf '%s\\n' ${flagsOf(options)} ;;
${commands.map(({ name, options: own }) => `    ${name}) printf '%s\\n' ${flagsOf(own)} ;;`).join("\n")}
  esac
  case "$1 $2" in
${forExtensions(commands, ({ name }, extension, option) => [`    ${pattern(`${name} * ${extension} *`)}) printf '%s\\n' ${flagsOf([option])} ;;&`])}
  esac
}

${PROGRAM.replace("@COMMANDS@", commands.map(({ name }) => name).join(" "))}`;
}

function forExtensions(
  commands: readonly CommandEntry[],
  casesOf: (command: CommandEntry, extension: string, option: OptionLine) => readonly string[],
): string {
  return commands
    .flatMap((command) =>
      command.ofExtensions.flatMap(({ extension, options }) =>
        options.flatMap((option) => casesOf(command, extension, option)),
      ),
    )
    .join("\n");
}

function valueCases({ flags, value }: OptionLine, before: string): string[] {
  if (value === undefined) return [];
  const patterns = flags.map((flag) => pattern(before.endsWith(" ") ? before + flag : `${before} ${flag}`)).join(" | ");
  const optional = value.optional ? " optional=1" : "";
  return [`    ${patterns}) expects=${quoted(expected(value.expects))}${optional} ;;`];
}

function operandCases({ name, operands }: CommandEntry): string[] {
  return operands.flatMap(({ expects, variadic }, at) => {
    const number = variadic ? "*" : String(at + 1);
    return expects.kind === "anything"
      ? []
      : [`    ${pattern(`${name} ${number}`)}) expects=${quoted(expected(expects))} ;;`];
  });
}

/** What is between stars, literally. */
function pattern(text: string): string {
  return text
    .split("*")
    .map((part) => (part === "" ? "" : quoted(part)))
    .join("*");
}

function flagsOf(options: readonly OptionLine[]): string {
  return options.flatMap(({ flags }) => flags).join(" ");
}

/** A kind, and with it its words. */
function expected(expects: Expectation): string {
  return expects.kind === "words" ? ["words", ...expects.words].join(" ") : expects.kind;
}

const PROGRAM = `# The recipes beside the program that is being completed, unless BAKERY_EXTENSIONS names others.
_bakery_extensions() {
  local program folder=\${BAKERY_EXTENSIONS-} recipe
  if [[ -z $folder ]]; then
    program=$(type -P -- "\${1/#\\~\\//$HOME/}") && program=$(readlink -f -- "$program") || return
    folder=\${program%/*}/extensions
  fi
  for recipe in "$folder"/*/recipe.ts; do
    recipe=\${recipe%/recipe.ts}
    recipe=\${recipe##*/}
    [[ $recipe == *[!a-z0-9-]* ]] || printf '%s\\n' "$recipe"
  done
}

# Offers what is expected and begins with a word. What readline has taken for a word of its own is not repeated.
_bakery_offer() {
  local reply
  local -a replies=()
  case $1 in
    words\\ *) mapfile -t replies < <(compgen -W "\${1#words }" -- "$2") ;;
    extension) mapfile -t replies < <(compgen -W "$(_bakery_extensions "$program")" -- "$2") ;;
    # Readline completes files itself, with all the quoting that they need.
    file) compopt -o default ;;
    folder) compopt -o dirnames ;;
  esac
  for reply in "\${replies[@]}"; do
    [[ $reply == *= ]] && compopt -o nospace
    reply=$3$reply
    COMPREPLY+=("\${reply#"$taken"}")
  done
}

_bakery() {
  local piece gap rest=$COMP_LINE taken='' word command='' operands=' ' count=0 ended='' expects='' optional='' at
  local -a words=()
  COMPREPLY=()
  # Readline breaks words at = and : too; what has no blank before it belongs to the word before.
  for ((at = 0; at <= COMP_CWORD; at++)); do
    piece=\${COMP_WORDS[at]}
    gap=\${rest%%"$piece"*}
    rest=\${rest:\${#gap}+\${#piece}}
    if [[ $at -gt 0 && -n $piece && -z $gap ]]; then
      taken=\${words[-1]}
      words[-1]+=$piece
      [[ $piece == [=:] ]] && taken=\${words[-1]}
    else
      taken=''
      words+=("$piece")
    fi
  done
  local current=\${words[-1]} program=\${words[0]}
  unset 'words[-1]'

  for word in "\${words[@]:1}"; do
    if [[ -n $expects && ( -z $optional || $word == true || $word == false ) ]]; then
      expects='' optional=''
      continue
    fi
    expects='' optional=''
    if [[ -z $ended && $word == -- ]]; then
      ended=1
    elif [[ -z $ended && $word == -* ]]; then
      [[ $word == *=* ]] || _bakery_value "$command" "$operands" "$word"
    elif [[ -z $command ]]; then
      command=$word
    else
      operands+="$word "
      count=$((count + 1))
    fi
  done

  if [[ -n $expects && -z $optional ]]; then
    _bakery_offer "$expects" "$current" ''
    return
  fi
  if [[ -z $ended && $current == --*=* ]]; then
    _bakery_value "$command" "$operands" "\${current%%=*}"
    _bakery_offer "$expects" "\${current#*=}" "\${current%%=*}="
    return
  fi
  if [[ -z $ended && $current == -* ]]; then
    _bakery_offer "words $(_bakery_options "$command" "$operands")" "$current" ''
    return
  fi
  [[ -n $optional ]] && _bakery_offer "$expects" "$current" ''
  if [[ -z $command ]]; then
    _bakery_offer 'words @COMMANDS@' "$current" ''
  else
    _bakery_operand "$command" $((count + 1))
    _bakery_offer "$expects" "$current" ''
  fi
}

complete -F _bakery bakery
`;
