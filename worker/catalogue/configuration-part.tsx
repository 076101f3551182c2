/** The form by which people make the configuration of a machine, and what comes of it: in the address, so it can be shared. */
import {
  type ApiRelease,
  CHOICE_VALUES,
  type Choice,
  FORMATS,
  formatChoice,
  type LabelledValue,
  minorSeries,
} from "../../schema/index.ts";
import type { Asked, Configured } from "./configure.ts";

const LABELS = {
  arch: "Architecture",
  follow: "Updates",
  after: "After an update",
  verify: "Signatures",
  systemd: "The machine's systemd",
  format: "Form",
} as const satisfies Record<keyof typeof CHOICE_VALUES, string>;
/** Older ones can be asked for by the address. */
const MAX_VERSIONS = 50;

export interface ConfigurationPartProps {
  readonly extension: string;
  readonly releases: readonly ApiRelease[];
  readonly asked: Asked;
  readonly configured: Configured;
}

export function ConfigurationPart({ extension, releases, asked, configured }: ConfigurationPartProps) {
  return (
    <>
      <form class="configure" method="get" action={`/catalogue/${extension}#configure`}>
        <Choose name="version" label="Version" values={versionsOf(releases, asked)} asked={asked} />
        {(["arch", "follow", "after", "verify", "systemd", "format"] as const).map((name) => (
          <Choose name={name} label={LABELS[name]} values={CHOICE_VALUES[name]} asked={asked} />
        ))}
        <label>
          Together with
          <input name="with" value={asked.get("with")} placeholder="docker, k3s@v1.32" autocomplete="off" />
        </label>
        <button type="submit">Show the configuration</button>
      </form>
      {configured.kind === "impossible" ? (
        <p class="warn" role="alert">
          That cannot be: {configured.problem}
        </p>
      ) : (
        <Result extension={extension} {...configured} />
      )}
    </>
  );
}

interface ChooseProps {
  readonly name: string;
  readonly label: string;
  readonly values: readonly LabelledValue[];
  readonly asked: Asked;
}

function Choose({ name, label, values, asked }: ChooseProps) {
  return (
    <label>
      {label}
      <select name={name}>
        {values.map(({ value, label: words }) => (
          <option value={value} selected={value === asked.get(name)}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

function Result({ extension, choice, configuration }: { readonly extension: string } & Made) {
  const { text, installations, host } = configuration;
  const download = formatChoice(choice);
  return (
    <>
      <nav aria-label="Form of the configuration">
        <ul class="jump">
          {FORMATS.map((format, at) => (
            <li>
              <a
                href={`/catalogue/${extension}?${formatChoice({ ...choice, format })}#configure`}
                aria-current={format === choice.format ? "true" : undefined}
              >
                {CHOICE_VALUES.format[at]?.label}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <p>
        Installs {installations.map(({ name, version }) => `${name} ${version}`).join(", ")} for {choice.arch}.
      </p>
      {host.notes.length > 0 && (
        <ul>
          {host.notes.map((note) => (
            <li>{note}</li>
          ))}
        </ul>
      )}
      <section class="scroll text" aria-label="Configuration" tabindex={0}>
        <pre>
          <code id="configuration">{text}</code>
        </pre>
      </section>
      <p class="actions">
        <button type="button" class="copy needs-script" data-of="configuration" aria-label="Copy the configuration">
          Copy
        </button>{" "}
        <a href={`/api/v1/extensions/${extension}/config?${download === "" ? "" : `${download}&`}download=1`}>
          Download
        </a>{" "}
        <a href="/docs/use-an-extension">What to do with it</a>
      </p>
    </>
  );
}

interface Made {
  readonly choice: Choice;
  readonly configuration: Extract<Configured, { kind: "made" }>["configuration"];
}

/** The newest, minor series, versions; and what was asked for, so that the form says it again. */
function versionsOf(releases: readonly ApiRelease[], asked: Asked): LabelledValue[] {
  const listed = releases.filter(({ yanked }) => yanked === undefined).map(({ version }) => version);
  const series = [...new Set(listed.flatMap((version) => minorSeries(version) ?? []))];
  const offered: LabelledValue[] = [
    { value: "", label: "the newest" },
    ...series.map((value) => ({ value, label: `the newest of ${value}` })),
    ...listed.slice(0, MAX_VERSIONS).map((value) => ({ value, label: value })),
  ];
  const wanted = asked.get("version") ?? "";
  return offered.some(({ value }) => value === wanted) ? offered : [...offered, { value: wanted, label: wanted }];
}
