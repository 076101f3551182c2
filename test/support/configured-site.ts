/**
 * A bakery with extensions for configurations to be tried with: each has a service, and a newer release is published
 * when a guest asks for it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Catalog } from "../../builder/catalog.ts";
import { askBakery, lookUpIn } from "../../builder/configuration/known-extensions.ts";
import { httpSource } from "../../builder/doctor/source.ts";
import { nspawnRunner } from "../../builder/guest/nspawn.ts";
import { Http } from "../../builder/system/http.ts";
import { type Configuration, makeConfiguration, parseChoice } from "../../schema/index.ts";
import { DAEMON, plantIn, service } from "./guest-images.ts";
import { LocalReleases } from "./local-releases.ts";

export const OLDER = "1.0.0";
export const NEWER = "1.1.0";

/** What a guest runs so that the newer releases are published; it fails if that fails. */
const PUBLISH = "curl --fail --silent --show-error --max-time 60";

/** By what they advise. */
const RECIPES = {
  /** Runs by itself, is restarted when it has changed, and brings a configuration and a user. */
  restarted: `upholds: ["restarted.service"], host: {
    activation: { restart: ["restarted.service"] },
    users: [{ name: "restarted", home: "/var/lib/restarted" }],
    files: [{ path: "/etc/restarted.d/own.conf", mode: 0o640, group: "restarted", text: "it's {{ here }} $HOME\\n\\\\n" }],
    links: [{ path: "/etc/restarted.d/nothing", target: "/dev/null" }],
    mask: ["systemd-timesyncd.service"],
  },`,
  /** Is enabled and not upheld, and is restarted by nobody. */
  enabled: `reload: true, host: { activation: "refresh", enable: ["enabled.service"] },`,
  /** Stays as it is until the machine boots. */
  waiting: `upholds: ["waiting.service"], host: { activation: "reboot" },`,
} as const;
export type SiteExtension = keyof typeof RECIPES;

export class ConfiguredSite implements AsyncDisposable {
  readonly bakery: LocalReleases;
  readonly #catalog: Catalog;
  readonly #control: Server;
  readonly #work: string;

  private constructor(bakery: LocalReleases, catalog: Catalog, work: string) {
    this.bakery = bakery;
    this.#catalog = catalog;
    this.#work = work;
    this.#control = createServer((_, response) => {
      this.publish(NEWER).then(
        () => response.end("published\n"),
        (error) => response.writeHead(500).end(String(error)),
      );
    });
  }

  static async open(): Promise<ConfiguredSite> {
    const work = await mkdtemp(join(tmpdir(), "site-"));
    for (const [name, fields] of Object.entries(RECIPES)) {
      await plantIn(work, name, {
        fields: `versions: r.fixed("${OLDER}", "${NEWER}"),
          tree: ({ version }) => [r.file("usr/share/${name}/version", version)], ${fields}`,
        files: { [`usr/bin/${name}`]: DAEMON, [`usr/lib/systemd/system/${name}.service`]: service(name) },
      });
    }
    const site = new ConfiguredSite(await LocalReleases.open(), new Catalog(work), work);
    await new Promise<void>((resolve) => site.#control.listen(0, "127.0.0.1", resolve));
    await site.publish(OLDER);
    return site;
  }

  /** Takes away what a guest has had published. */
  async reset(): Promise<void> {
    await this.bakery.forget();
    await this.publish(OLDER);
  }

  async publish(version: string): Promise<void> {
    for (const name of Object.keys(RECIPES)) await this.bakery.release(this.#catalog, name, version, ["x86-64"]);
  }

  async configuration(name: SiteExtension, query: Readonly<Record<string, string>>): Promise<Configuration> {
    const source = httpSource(this.bakery.url, new Http());
    const choice = parseChoice(name, Object.entries(query));
    return makeConfiguration(choice, await askBakery(this.bakery.url, source), lookUpIn(this.#catalog, source));
  }

  /** For the scripts of guests. */
  get publishNewer(): string {
    return `${PUBLISH} http://127.0.0.1:${this.#port}/`;
  }

  get #port(): number {
    return (this.#control.address() as AddressInfo).port;
  }

  async run(tree: string, script: string, files: Readonly<Record<string, string>> = {}, timeout = 60) {
    // In a container systemd leaves updates to whoever has started that.
    const anywhere = "[Unit]\nConditionVirtualization=\n";
    const own = ["service", "timer"].map((type) => ({
      path: `etc/systemd/system/systemd-sysupdate.${type}.d/anywhere.conf`,
      content: anywhere,
    }));
    const given = Object.entries(files).map(([path, content]) => ({ path, content }));
    const ports = [this.#port, Number(new URL(this.bakery.url).port)];
    return nspawnRunner().run({ tree, files: [...own, ...given], script, timeout, ports });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#control.close();
    await this.bakery.stop();
    await rm(this.#work, { recursive: true });
  }
}
