/**
 * Logins at registries, as `docker login` and `podman login` keep them. Programs that keep them elsewhere ("credential
 * helpers") are not run.
 *
 * https://docs.docker.com/reference/cli/docker/login/ and containers-auth.json(5)
 */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { errorCode, UserError } from "../../system/errors.ts";
import { type ImageReference, nameOf } from "./reference.ts";

export type Credential =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  /** What stands for the login at the registry's token server: OAuth 2.0 calls it a refresh token. */
  | { readonly kind: "identity-token"; readonly token: string };

export interface Login {
  readonly credential?: Credential | undefined;
  /** Who keeps it instead: `docker-credential-…`. */
  readonly helper?: string | undefined;
  /** Where it is, or would be. */
  readonly file: string;
}

/** Says who we are at an image's registry. */
export type Logins = (reference: ImageReference) => Promise<Login>;

const entry = v.object({
  auth: v.nullish(v.string()),
  username: v.nullish(v.string()),
  password: v.nullish(v.string()),
  identitytoken: v.nullish(v.string()),
});
const config = v.object({
  auths: v.nullish(v.record(v.string(), v.nullable(entry))),
  credHelpers: v.nullish(v.record(v.string(), v.string())),
  credsStore: v.nullish(v.string()),
});

/** Under which names Docker keeps its own registry. */
const DOCKER_NAMES = ["index.docker.io", "registry-1.docker.io"];

/**
 * Read when a registry asks for it, and not before.
 * @param env `REGISTRY_AUTH_FILE`, else `DOCKER_CONFIG`, else `HOME`
 */
export function loginsFrom(env: NodeJS.ProcessEnv): Logins {
  const folder = env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker");
  const file = env.REGISTRY_AUTH_FILE || join(folder, "config.json");
  return async (reference) => ({ file, ...find(await read(file), reference, file) });
}

async function read(file: string): Promise<v.InferOutput<typeof config>> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return "{}";
    throw new UserError("the logins at registries cannot be read", { details: { file }, cause: error });
  });
  const parsed = v.safeParse(config, parseJson(text));
  // Neither text nor values: they are secret.
  if (!parsed.success) throw new UserError("the file with logins at registries is damaged", { details: { file } });
  return parsed.output;
}

function find(
  { auths, credHelpers, credsStore }: v.InferOutput<typeof config>,
  reference: ImageReference,
  file: string,
): Omit<Login, "file"> {
  // The most specific one: podman keeps logins for a part of a registry too.
  const keys = Object.keys(auths ?? {}).filter((key) => covers(key, reference));
  const key = keys.sort((a, b) => b.length - a.length)[0];
  const credential = key === undefined ? undefined : credentialOf(auths?.[key], file);
  if (credential !== undefined) return { credential };
  const helper = Object.entries(credHelpers ?? {}).find(([host]) => covers(host, reference))?.[1] ?? credsStore;
  return helper ? { helper: `docker-credential-${helper}` } : {};
}

/** Keys are hosts, hosts with a part of the name, and, as Docker once wrote them, URLs of the API. */
function covers(key: string, reference: ImageReference): boolean {
  const plain = key.replace(/^https?:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "");
  const [host = "", ...path] = plain.split("/");
  const covered = [DOCKER_NAMES.includes(host) ? "docker.io" : host, ...path].join("/");
  return `${nameOf(reference)}/`.startsWith(`${covered}/`);
}

function credentialOf(found: v.InferOutput<typeof entry> | null | undefined, file: string): Credential | undefined {
  const { auth, username, password, identitytoken } = found ?? {};
  if (identitytoken) return { kind: "identity-token", token: identitytoken };
  if (username && password) return { kind: "password", user: username, password };
  if (!auth) return undefined;
  const [, user, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(auth, "base64").toString("utf8")) ?? [];
  if (user === undefined || secret === undefined) {
    throw new UserError("a login at a registry is not base64 of user:password", { details: { file } });
  }
  return { kind: "password", user, password: secret.replace(/\0+$/, "") };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
