/** The servers that are held side by side: ours, one that always gives the same answer, and Caddy. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { run } from "../../builder/system/run.ts";
import { formatInventory, formatPublishedIndex, formatSha256Sums, unsignedIndex } from "../../schema/index.ts";

export const SIZES = [10, 1_000, 10_000] as const;
export const IMAGE = "/extensions/kubernetes/kubernetes-v1.32.2-x86-64.raw";
export const DOWNLOADS = "https://github.com/flatcar/sysext-bakery/releases/download";
/** An image that the bucket has, 1 MiB. */
export const STORED_IMAGE = "/extensions/stored/stored-1.0.0-x86-64.raw";
const STORED_BYTES = 1024 ** 2;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const workerd: string = createRequire(createRequire(import.meta.url).resolve("miniflare"))("workerd").default;

export const indexPath = (lines: number) => `/extensions/${indexName(lines)}/SHA256SUMS`;
const indexName = (lines: number) => `lines${lines}`;

/** As many versions of an extension. */
function indexOf(lines: number): string {
  const entries = Array.from({ length: lines }, (_, at) => ({
    file: `${indexName(lines)}-1.${at >> 5}.${at & 31}-x86-64.raw`,
    sha256: at.toString(16).padStart(64, "0"),
  }));
  return formatSha256Sums(entries);
}

/** A running server. */
export class Contestant {
  readonly name: string;
  readonly port: number;
  /** From its start to its first answer, in milliseconds */
  readonly startUp: number;
  readonly #process: ChildProcess;

  private constructor(name: string, port: number, startUp: number, child: ChildProcess) {
    this.name = name;
    this.port = port;
    this.startUp = startUp;
    this.#process = child;
  }

  static async start(name: string, port: number, command: string, args: readonly string[]): Promise<Contestant> {
    const start = performance.now();
    const child = spawn(command, args, { stdio: "ignore" });
    for (let attempt = 0; attempt < 2_000; attempt += 1) {
      const answered = await fetch(`http://127.0.0.1:${port}/healthz`, { redirect: "manual" }).catch(() => undefined);
      if (answered !== undefined) return new Contestant(name, port, performance.now() - start, child);
      if (child.exitCode !== null) break;
      await sleep(5);
    }
    child.kill();
    throw new Error(`${name} does not start: ${command} ${args.join(" ")}`);
  }

  /** What it has used of the processors so far, in microseconds. */
  async cpu(): Promise<number> {
    const fields = (await this.#proc("stat")).split(") ")[1]?.split(" ") ?? [];
    // proc(5): utime and stime, in hundredths of a second.
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  }

  /** Its memory, in MiB. */
  async memory(): Promise<number> {
    return Number(/^VmRSS:\s*(\d+)/m.exec(await this.#proc("status"))?.[1]) / 1024;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill();
    await ended;
  }

  #proc(file: string): Promise<string> {
    return readFile(`/proc/${this.#process.pid}/${file}`, "utf8");
  }
}

/** The bundle that would be deployed. */
export async function bundle(folder: string): Promise<string> {
  await run(
    "wrangler",
    ["deploy", "--env=", "--dry-run", "--outdir", folder, "--config", join(ROOT, "wrangler.toml")],
    {
      cwd: ROOT,
    },
  );
  return join(folder, "index.js");
}

/**
 * Ours, in bare workerd. R2 is an object in memory that counts what is asked of it (`/operations`), and KV is not
 * bound: what the runtime's own stores take is not ours to measure. A path that begins with `/far` has no bucket.
 */
export async function startOurs(folder: string, port: number, bundled: string): Promise<Contestant> {
  await copyFile(bundled, join(folder, "worker.js"));
  const indexes = SIZES.map((lines) => [
    `${indexName(lines)}/index.json`,
    formatPublishedIndex(unsignedIndex(indexOf(lines), new Date("2026-01-17T03:04:05Z"))),
  ]);
  const images = [{ arch: "x86-64" as const, size: STORED_BYTES, sha256: "a".repeat(64) }];
  const releases = [{ version: "1.0.0", publishedAt: "2026-01-17T03:04:05Z", images }];
  const inventory = formatInventory({ schemaVersion: 1, extension: "stored", releases });
  const texts = [...indexes, ["stored/releases.json", inventory]];
  const main = `import worker from "worker.js";
const texts = new Map(${JSON.stringify(texts)});
const image = new Uint8Array(${STORED_BYTES});
let operations = 0;
const uploaded = new Date("2026-01-17T03:04:05Z");
const object = (key, bytes, text) => ({ key, size: bytes, etag: String(bytes), httpEtag: '"' + bytes + '"', uploaded, checksums: {}, body: text ?? image, text: async () => text });
const head = { key: "", size: 0 };
const BUCKET = {
  async get(key, options) {
    operations += 1;
    if (key === "stored-1.0.0/stored-1.0.0-x86-64.raw") return object(key, ${STORED_BYTES});
    const text = texts.get(key);
    if (text === undefined) return null;
    if (options?.onlyIf?.etagDoesNotMatch === String(text.length)) return head;
    return object(key, text.length, text);
  },
  async head() { operations += 1; return null; },
};
const variables = { GITHUB_REPOSITORY: "flatcar/sysext-bakery", DOCS_URL: "https://docs.example" };
const bucket = { ...variables, GITHUB_REPOSITORY: "", BUCKET };
const redirector = variables;
export default {
  fetch(request, _, ctx) {
    const { url } = request;
    if (url.endsWith("/operations")) return new Response(String(operations));
    return worker.fetch(request, url.endsWith("${IMAGE}") ? redirector : bucket, ctx);
  },
};`;
  return startWorkerd("ours", folder, port, { main, "worker.js": "worker.js" });
}

/** The least that a worker can do: the same status, headers and bytes, made once. */
export async function startBare(
  folder: string,
  port: number,
  answers: ReadonlyMap<string, Response>,
): Promise<Contestant> {
  const made = await Promise.all(
    [...answers].map(async ([path, { status, headers, body }]) => {
      const length = body === null ? 0 : Number(headers.get("content-length"));
      return [path, { status, headers: [...headers], length }] as const;
    }),
  );
  const main = `const answers = new Map(${JSON.stringify(made)});
for (const answer of answers.values()) {
  answer.headers = new Headers(answer.headers.filter(([name]) => !["connection", "keep-alive", "transfer-encoding", "date"].includes(name)));
  answer.body = answer.length > 0 ? new Uint8Array(answer.length) : null;
}
export default {
  fetch({ url }) {
    const answer = answers.get(url.slice(url.indexOf("/", 8)));
    return answer === undefined ? new Response("") : new Response(answer.body, { status: answer.status, headers: answer.headers });
  },
};`;
  return startWorkerd("bare", folder, port, { main });
}

/** The bundle and nothing else, to see what its start takes. */
export async function startAlone(folder: string, port: number, bundled: string): Promise<Contestant> {
  return startWorkerd("alone", folder, port, { main: await readFile(bundled, "utf8") });
}

/** The start of a worker that is nothing. */
export async function startEmpty(folder: string, port: number): Promise<Contestant> {
  return startWorkerd("empty", folder, port, { main: 'export default { fetch: () => new Response("") };' });
}

async function startWorkerd(
  name: string,
  folder: string,
  port: number,
  { main, ...modules }: { main: string } & Record<string, string>,
): Promise<Contestant> {
  await writeFile(join(folder, `${name}.js`), main);
  const embedded = Object.entries({ "main.js": `${name}.js`, ...modules });
  const list = embedded.map(([as, file]) => `(name = "${as}", esModule = embed "${file}")`).join(", ");
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [${list}], compatibilityDate = "2026-11-01"))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;
  const file = join(folder, `${name}.capnp`);
  await writeFile(file, config);
  return Contestant.start(name, port, workerd, ["serve", file]);
}

/** Redirects by the reference's rules, and logs its requests as we do. */
export async function startCaddy(folder: string, port: number): Promise<Contestant> {
  const config = `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  log {
    output file ${join(folder, "access.log")}
    format json
  }
  @image path_regexp image /extensions/(?:.*/)?([^/]+)-([^/]+)-(x86-64|arm64)\\.raw$
  redir @image ${DOWNLOADS}/{re.image.1}-{re.image.2}/{re.image.1}-{re.image.2}-{re.image.3}.raw
  @index path_regexp index ^/extensions/([^/]+)/SHA256SUMS$
  redir @index ${DOWNLOADS}/{re.index.1}/SHA256SUMS
  redir https://docs.example{uri}
}
`;
  const file = join(folder, "Caddyfile");
  await writeFile(file, config);
  return Contestant.start("Caddy", port, "caddy", ["run", "--config", file, "--adapter", "caddyfile"]);
}
