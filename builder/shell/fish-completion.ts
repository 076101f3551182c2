/** Completion for fish: a script that asks no program, for a TAB must not wait for Node to start. */
import type { CommandEntry, CommandLine, Operand, OptionLine } from "./command-line.ts";
import type { Expectation } from "./expectation.ts";
import { quotedForFish } from "./quote.ts";

export function fishCompletion({ commands, options }: CommandLine): string {
  return `# Completion of bakery for fish, made by: bakery completion fish

# What has been typed before the cursor without options and their values: the command and its operands.
function __bakery_typed
    set -l command ''
    set -l value ''
    set -l ended ''
    for token in (commandline -opc)[2..]
        if test -n "$value"
            set value ''
        else if test -z "$ended" -a "$token" = --
            set ended 1
        else if test -z "$ended"; and string match -q -- '-*' $token
            switch "$command $token"
                case ${commands.flatMap(withValues).map(quotedForFish).join(" ")}
                    set value 1
            end
        else
            test -n "$command"; or set command $token
            printf '%s\\n' $token
        end
    end
end

# Whether this operand of this command is due: 0 is the command itself.
function __bakery_expects --argument-names number command
    set -l typed (__bakery_typed)
    test (count $typed) = $number; or return
    test $number = 0; or test $typed[1] = $command
end

# Whether this operand of this command is due, or one behind it.
function __bakery_expects_from --argument-names number command
    set -l typed (__bakery_typed)
    test (count $typed) -ge $number; and test $typed[1] = $command
end

# Whether this is the command, and its operands have this extension.
function __bakery_runs --argument-names command extension
    set -l typed (__bakery_typed)
    test "$typed[1]" = "$command"; or return
    test -z "$extension"; or contains -- $extension $typed[2..]
end

# The recipes beside the program that is being completed, unless BAKERY_EXTENSIONS names others.
function __bakery_extensions
    set -l folder $BAKERY_EXTENSIONS
    if test -z "$folder"
        set -l program (commandline -opc)[1]
        string match -q '*/*' -- $program; or set program (command -s $program); or return
        set folder (string replace -r '[^/]*$' '' -- (realpath (string replace -r '^~/' ~/ -- $program)))extensions
    end
    for recipe in $folder/*/recipe.ts
        string match -r '(?<=/)[a-z0-9-]+(?=/recipe\\.ts$)' -- $recipe
    end
end

complete -c bakery -f
complete -c bakery -n '__bakery_runs ""' ${options.map(optionSpec).join(" ")}
${commands.map(({ name, summary }) => `complete -c bakery -n '__bakery_expects 0' -a ${name} -d ${quotedForFish(summary)}`).join("\n")}
${commands.flatMap(completionsOf).join("\n")}
`;
}

/** What is before a value: `create --arch`. */
function withValues({ name, options, ofExtensions }: CommandEntry): string[] {
  return [...options, ...ofExtensions.flatMap(({ options: added }) => added)].flatMap(({ flags, value }) =>
    value === undefined || value.optional ? [] : flags.map((flag) => `${name} ${flag}`),
  );
}

function completionsOf({ name, operands, options, ofExtensions }: CommandEntry): string[] {
  const complete = (condition: string, rest: string) => `complete -c bakery -n '${condition}' ${rest}`;
  return [
    ...operands.flatMap((operand, at) => {
      const { kind } = operand.expects;
      return kind === "anything" ? [] : [complete(operandCondition(name, operand, at + 1), offered(operand.expects))];
    }),
    ...options.map((option) => complete(`__bakery_runs ${name}`, optionSpec(option))),
    ...ofExtensions.flatMap(({ extension, options: added }) =>
      added.map((option) => complete(`__bakery_runs ${name} ${extension}`, optionSpec(option))),
    ),
  ];
}

function operandCondition(command: string, { variadic }: Operand, number: number): string {
  return `${variadic ? "__bakery_expects_from" : "__bakery_expects"} ${number} ${command}`;
}

function optionSpec({ flags, summary, value }: OptionLine): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  // An optional value stands behind the =, and only there.
  const required = value === undefined || value.optional ? [] : ["-r"];
  const values = value === undefined ? [] : [offered(value.expects)];
  return [...names, ...required, ...values, `-d ${quotedForFish(summary)}`].join(" ");
}

function offered(expects: Expectation): string {
  switch (expects.kind) {
    case "words":
      return `-f -a ${quotedForFish(expects.words.join(" "))}`;
    case "extension":
      return "-f -a '(__bakery_extensions)'";
    case "file":
      return "-F";
    case "folder":
      return "-f -a '(__fish_complete_directories (commandline -ct))'";
    case "anything":
      return "-f";
  }
}
