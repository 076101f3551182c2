/** Which programs unit files start, as systemd.service(5) writes command lines. */

export interface UnitCommand {
  /** An absolute path, or a name that systemd looks up in its own search path. */
  readonly program: string;
  /** `-`: systemd does not mind if it fails. */
  readonly mayFail: boolean;
}

const EXEC = /^Exec(?:Condition|StartPre|Start|StartPost|Reload|Stop|StopPre|StopPost)\s*=\s*(?<line>.*)$/;
/** In any order before the program. */
const PREFIXES = /^[-@:+!|]*/;
/** With a root of its own the unit's paths are not the image's. */
const OWN_ROOT = /^(?:RootDirectory|RootImage)\s*=\s*\S/;

/** Programs whose path depends on a specifier, `%h/bin/x`, are left out: who knows where that is. */
export function commandsOf(text: string): UnitCommand[] {
  const lines = settingsOf(text);
  if (lines.some((line) => OWN_ROOT.test(line))) return [];
  return lines
    .flatMap((line) => (EXEC.exec(line)?.groups?.line ?? "").split(/\s;(?:\s|$)/))
    .flatMap((line): UnitCommand[] => {
      const command = line.trim();
      const prefixes = PREFIXES.exec(command)?.[0] ?? "";
      const program = firstWord(command.slice(prefixes.length));
      if (program === "" || /[%$]/.test(program)) return [];
      return [{ program, mayFail: prefixes.includes("-") }];
    });
}

/** Lines with a backslash at the end joined to the next one; comments left out, also between such. systemd.syntax(7) */
function settingsOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => !/^\s*[#;]/.test(line))
    .join("\n")
    .replace(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.trim());
}

function firstWord(command: string): string {
  const { double, single, plain } =
    /^(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<plain>\S*))/.exec(command)?.groups ?? {};
  return double ?? single ?? plain ?? "";
}
