/** A bake as far as its tree: of downloads that are there already, on a machine with a file of its own. */
import { readdir, rm, writeFile } from "node:fs/promises";
import { assemble } from "../../../../builder/bake/assemble.ts";
import type { Fetch } from "../../../../builder/bake/fetch/fetch.ts";
import { planBake } from "../../../../builder/bake/plan.ts";
import { writeFolder } from "../../../../builder/bake/root/folder.ts";
import { fixed, type Install, pinned } from "../../../../builder/recipe/index.ts";
import { Spool } from "../../../../builder/system/spool.ts";
import { Workplace } from "../../../support/bakery.ts";
import { sha256 } from "../../../support/sha256.ts";

export class Kitchen implements AsyncDisposable {
  readonly workplace: Workplace;
  readonly #spools: Spool[] = [];

  private constructor(workplace: Workplace) {
    this.workplace = workplace;
  }

  static async open(): Promise<Kitchen> {
    const workplace = await Workplace.open();
    await writeFile(workplace.file("host"), "the host's");
    return new Kitchen(workplace);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const spool of this.#spools) await spool[Symbol.asyncDispose]();
    await this.workplace[Symbol.asyncDispose]();
  }

  /** The tree that is made of these downloads. */
  async assemble(...downloads: readonly (readonly [Buffer, Install])[]): Promise<string> {
    const all = downloads.map(([content, install], at) => {
      const url = `https://evil.example/${at}.tar`;
      return { content, url, verify: pinned({ "1.0.0": sha256(content) }), install };
    });
    const recipe = { description: "", homepage: "", versions: fixed("1.0.0"), provides: ["usr/x"] as const };
    const extension = { name: "planted", folder: this.workplace.path, recipe: { ...recipe, downloads: () => all } };
    const fetches = await Promise.all(
      all.map(async (download, at): Promise<Fetch> => {
        // What is there already would be taken up.
        await rm(this.workplace.file(`${at}.tar`), { force: true });
        const spool = await Spool.open(this.workplace.file(`${at}.tar`), []);
        this.#spools.push(spool);
        await spool.write(download.content);
        const record = { url: download.url, verifiedBy: "pinned" as const, ...spool.complete() };
        return { download, spool: Promise.resolve(spool), record: Promise.resolve(record) };
      }),
    );
    const plan = await planBake(extension, { version: "1.0.0", arch: "x86-64" });
    const root = this.workplace.file("root");
    await writeFolder(assemble(plan, fetches), root, 0);
    return root;
  }

  /** What is on the machine beside the tree and the archives. */
  async outside(): Promise<string[]> {
    return (await readdir(this.workplace.path)).filter((name) => name !== "root" && !name.endsWith(".tar"));
  }
}
