/** `keygen`: makes the key that signs a bakery's indexes, and the keyring that machines verify them with. */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { SigningKey } from "../signing/signing-key.ts";
import { UsageError } from "../system/errors.ts";
import { writeAtomically } from "../system/work-dir.ts";
import { type Cli, command } from "./command.ts";
import { parseCount } from "./options.ts";

const SECRET_FILE = "signing-key.asc";
const KEYRING_FILE = "import-pubring.gpg";

export function keygenCommand(cli: Cli): Command {
  return command<[]>(
    cli,
    "keygen",
    "make a key that signs indexes, of the kind that all systemd clients verify (Ed25519)",
    async ({ name, email, expires, output }) => {
      const folder = resolve(cli.cwd, output);
      const secret = join(folder, SECRET_FILE);
      if (await stat(secret).catch(() => undefined)) {
        throw new UsageError(`there is a key already: ${secret}`, { hint: "give another folder with --output" });
      }
      const passphrase = cli.env.BAKERY_SIGNING_PASSPHRASE || undefined;
      const armored = await SigningKey.generate({ name, email, passphrase, expiresInDays: expires });
      const key = await SigningKey.open(armored, passphrase);
      await mkdir(folder, { recursive: true });
      // Nobody else may read it, not even for a moment.
      await writeAtomically(secret, (partial) => writeFile(partial, armored, { mode: 0o600, flag: "wx" }));
      const keyring = join(folder, KEYRING_FILE);
      await writeAtomically(keyring, (partial) => writeFile(partial, key.keyring.bytes));
      const base64 = Buffer.from(key.keyring.bytes).toString("base64");
      const value = { fingerprint: key.fingerprint, secret, keyring, signingKeyring: base64 };
      return { value, text: nextSteps(relative(cli.cwd, secret), relative(cli.cwd, keyring), key.fingerprint, base64) };
    },
  )
    .requiredOption("--name <name>", "whose key it is, for people")
    .requiredOption("--email <address>", "whom to ask about it")
    .option("--expires <days>", "machines refuse what is signed later than that (default: never)", parseCount)
    .option("--output <folder>", `where ${SECRET_FILE} and ${KEYRING_FILE} are written`, ".")
    .addHelpText("after", "\nBAKERY_SIGNING_PASSPHRASE, where it is set, locks the key.");
}

function nextSteps(secret: string, keyring: string, fingerprint: string, base64: string): string {
  return `${fingerprint}

${secret} signs: keep it out of the repository. Where releases are published, its text is the secret BAKERY_SIGNING_KEY.
${keyring} verifies: machines have it as /etc/systemd/import-pubring.gpg. The bakery serves it at
/keys/import-pubring.gpg, and refuses what it does not verify, with this in wrangler.toml:

SIGNING_KEYRING = "${base64}"
`;
}
