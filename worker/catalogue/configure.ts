/** What the form on an extension's page asks for, and the configuration that follows from it. */
import {
  CHOICE_PARAMETERS,
  type Choice,
  type Configuration,
  InvalidInput,
  makeConfiguration,
  parseChoice,
} from "../../schema/index.ts";
import { configuredBakery, lookUpIn } from "../api/configuration.ts";
import type { Services } from "../services.ts";
import type { FileRequest } from "../stores/store.ts";

/** As it stands in the address, whether it makes sense or not: the form shows it again. */
export type Asked = ReadonlyMap<string, string>;

export type Configured =
  | { readonly kind: "made"; readonly choice: Choice; readonly configuration: Configuration }
  /** The problem names the parameter. */
  | { readonly kind: "impossible"; readonly problem: string };

/** What the page's other parameters say is not the form's affair. */
export function askedIn(url: string): Asked {
  const { searchParams } = new URL(url);
  const known: readonly string[] = CHOICE_PARAMETERS;
  return new Map([...searchParams].filter(([name]) => known.includes(name)));
}

/** @throws UpstreamError */
export async function configure(
  extension: string,
  asked: Asked,
  { services, url, waitUntil }: { services: Services; url: string; waitUntil: FileRequest["waitUntil"] },
): Promise<Configured> {
  try {
    const choice = parseChoice(extension, asked);
    const bakery = await configuredBakery(services, url, waitUntil);
    const configuration = await makeConfiguration(choice, bakery, lookUpIn(services, waitUntil));
    return { kind: "made", choice, configuration };
  } catch (error) {
    if (error instanceof InvalidInput) return { kind: "impossible", problem: error.message };
    throw error;
  }
}
