/** The command line as data, for those who describe it elsewhere: shell completions and the man page. */
import type { Argument, Command, Help, Option } from "commander";
import type { Extension } from "../catalog.ts";
import { type Expectation, expectationOf, expectsWords } from "./expectation.ts";

export interface CommandLine {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionLine[];
  readonly commands: readonly CommandEntry[];
}

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly operands: readonly Operand[];
  readonly options: readonly OptionLine[];
  /** Options that the recipes of some extensions add to these */
  readonly ofExtensions: readonly ExtensionOptions[];
  /** What `--help` says below the options */
  readonly notes: string;
}

export interface ExtensionOptions {
  readonly extension: string;
  readonly options: readonly OptionLine[];
}

export interface Operand {
  /** As help has it: `<extension>`, `[releases...]` */
  readonly term: string;
  readonly name: string;
  readonly variadic: boolean;
  readonly expects: Expectation;
}

export interface OptionLine {
  /** As help has it: `--arch <arch>` */
  readonly term: string;
  readonly flags: readonly string[];
  /** With defaults and choices */
  readonly summary: string;
  readonly value?: OptionValue;
}

export interface OptionValue {
  readonly name: string;
  /** `--verify` stands alone too. */
  readonly optional: boolean;
  readonly expects: Expectation;
}

/** Makes the program as it is where the command line names these extensions. */
export type ProgramFor = (named: readonly Extension[]) => Command;

/** @param extensions whose recipes may add options */
export function describeCommandLine(programFor: ProgramFor, extensions: readonly Extension[] = []): CommandLine {
  const program = programFor([]);
  const base = describeCommands(program);
  const own = extensions.map((extension) => ({
    extension: extension.name,
    commands: describeCommands(programFor([extension])),
  }));
  return {
    name: program.name(),
    summary: program.description(),
    options: describeOptions(program, program.createHelp()),
    commands: base.map((entry) => ({ ...entry, ofExtensions: addedTo(entry, own) })),
  };
}

interface OfExtension {
  readonly extension: string;
  readonly commands: readonly CommandEntry[];
}

function addedTo({ name, options }: CommandEntry, own: readonly OfExtension[]): ExtensionOptions[] {
  const known = new Set(options.map(({ term }) => term));
  return own.flatMap(({ extension, commands }) => {
    const all = commands.find((entry) => entry.name === name)?.options ?? [];
    const added = all.filter(({ term }) => !known.has(term));
    return added.length === 0 ? [] : [{ extension, options: added }];
  });
}

function describeCommands(program: Command): CommandEntry[] {
  const help = program.createHelp();
  const commands = help.visibleCommands(program);
  const names = commands.map((command) => command.name());
  return commands.map((command) => ({
    name: command.name(),
    summary: command.description(),
    operands: command.registeredArguments.map((argument) => describeOperand(argument, command, names)),
    options: describeOptions(command, help),
    ofExtensions: [],
    notes: notesOf(command),
  }));
}

function describeOperand(argument: Argument, command: Command, commands: readonly string[]): Operand {
  const name = argument.name();
  const { argChoices, required, variadic } = argument;
  const inner = variadic ? `${name}...` : name;
  // Commander's own: `help [command]`.
  const choices = command.name() === "help" ? commands : argChoices;
  return {
    term: required ? `<${inner}>` : `[${inner}]`,
    name,
    variadic,
    expects: choices === undefined ? expectationOf(name) : expectsWords(choices),
  };
}

function describeOptions(command: Command, help: Help): OptionLine[] {
  return help.visibleOptions(command).map((option) => {
    const value = optionValue(option);
    return {
      term: help.optionTerm(option),
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      summary: help.optionDescription(option),
      ...(value !== undefined && { value }),
    };
  });
}

function optionValue({ flags, required, optional, argChoices }: Option): OptionValue | undefined {
  if (!required && !optional) return undefined;
  const name = /[<[](?<name>.*)[>\]]$/.exec(flags)?.groups?.name ?? "value";
  // `<name[:level]>` is both to commander, which then wants it.
  return {
    name,
    optional: !required,
    expects: argChoices === undefined ? expectationOf(name) : expectsWords(argChoices),
  };
}

/** Commander gives them with all of the help only, which begins with what it says by itself. */
function notesOf(command: Command): string {
  let help = "";
  const writeOut = (text: string) => {
    help += text;
  };
  command.configureOutput({ writeOut }).outputHelp();
  return help.slice(command.helpInformation().length).trim();
}
