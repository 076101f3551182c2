/** `doctor`: holds everything that a bakery publishes against everything else that it says. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { examine } from "../doctor/examine.ts";
import { directorySource, httpSource } from "../doctor/source.ts";
import { BakeryApi } from "../publish/bakery-api.ts";
import { credentialsFrom } from "../publish/credentials.ts";
import { bakeryUrl, isUrl, readKeyring, signingPolicy } from "../publish/target.ts";
import type { Keyring } from "../signing/keyring.ts";
import { UserError } from "../system/errors.ts";
import { formatTable } from "../system/format.ts";
import { Http } from "../system/http.ts";
import { type Cli, command } from "./command.ts";

export function doctorCommand(cli: Cli): Command {
  return command<[string]>(
    cli,
    "doctor <place>",
    "check a bakery: every image that an index names is there with its hash, manifests and signatures agree",
    async ({ quick, keyring }, place) => {
      const http = new Http({ signal: cli.signal, onWait: (line) => cli.progress.note(line) });
      const source = isUrl(place)
        ? httpSource(bakeryUrl(place), http, apiOf(cli, bakeryUrl(place)))
        : directorySource(resolve(cli.cwd, place));
      const trusted = keyring === undefined ? await ownKeyring(cli) : await readKeyring(resolve(cli.cwd, keyring));
      const findings = await cli.progress.step(
        "Examining",
        () => examine(source, { keyring: trusted, whole: !quick, progress: cli.progress, now: cli.now() }),
        ({ extensions, images }) => `${extensions} extensions, ${images} images`,
      );
      const { problems } = findings;
      if (problems.length > 0) {
        const byPath = Map.groupBy(problems, ({ path }) => path);
        const details = Object.fromEntries(
          [...byPath].map(([path, found]) => [path, found.map(({ problem }) => problem).join("; ")]),
        );
        throw new UserError(`${problems.length} ${problems.length === 1 ? "thing is" : "things are"} wrong`, {
          details,
          hint: "publish the release again where a file is wrong, ./bakery reindex where an index is",
        });
      }
      const rows = findings.rows.map(({ extension, releases, images, signed, bestBefore = "-" }) => [
        extension,
        String(releases),
        String(images),
        signed,
        bestBefore,
      ]);
      return {
        value: findings,
        text: formatTable([["EXTENSION", "RELEASES", "IMAGES", "SIGNED", "BEST BEFORE"], ...rows]),
      };
    },
  )
    .option("--quick", "do not read images: what the bakery says of them is enough", false)
    .option(
      "--keyring <file>",
      "the keys that indexes must be signed by (default: those of BAKERY_SIGNING_KEY and BAKERY_KEYRING; none: not checked)",
    )
    .addHelpText(
      "after",
      "\nWith BAKERY_TOKEN, old drafts in a bakery are found too.\n\nExamples:\n  ./bakery doctor https://extensions.example.org --quick\n  ./bakery doctor /srv/www",
    );
}

/** The keys that whoever publishes from here signs by and trusts. */
async function ownKeyring(cli: Cli): Promise<Keyring | undefined> {
  const policy = await signingPolicy(cli);
  if (policy !== undefined) return policy.trusted;
  return cli.env.BAKERY_KEYRING ? readKeyring(resolve(cli.cwd, cli.env.BAKERY_KEYRING)) : undefined;
}

function apiOf({ env, signal }: Cli, url: string): BakeryApi | undefined {
  const mayPublish = Boolean(env.BAKERY_TOKEN || env.ACTIONS_ID_TOKEN_REQUEST_URL);
  return mayPublish ? new BakeryApi({ url, credentials: credentialsFrom(env, url), signal }) : undefined;
}
