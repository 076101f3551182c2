/** What people read at a release on GitHub. */
import { formatSha256Sums, GLOBAL_INDEX, linesOf, type ReleaseManifest, releaseName } from "../../../schema/index.ts";
import { formatBytes } from "../../system/format.ts";
import type { Notes } from "./releases.ts";

export function releaseNotes(manifest: ReleaseManifest): Notes {
  const { extension, images, provenance } = manifest;
  const tag = releaseName(manifest);
  const body = [
    `# ${tag}`,
    `Images of the system extension ${extension}, built ${provenance.builtAt}:`,
    images.map(({ file, format, size }) => `- \`${file}\`: ${format}, ${formatBytes(size)}`).join("\n"),
    "SHA256 checksums:",
    `\`\`\`\n${formatSha256Sums(linesOf(extension, manifest))}\`\`\``,
  ];
  return { tag, title: tag, body: `${body.join("\n\n")}\n` };
}

export function extensionNotes(extension: string): Omit<Notes, "tag"> {
  const body = `# ${extension}

What systemd-sysupdate needs to keep the system extension ${extension} up to date. The files here change with each release:

- \`SHA256SUMS\` names the images of all versions, which are in releases of their own.
- \`*.conf\` are the transfer files of the newest version, for \`/etc/sysupdate.${extension}.d/\`.
`;
  return { title: extension, body };
}

export const globalNotes: Omit<Notes, "tag"> = {
  title: GLOBAL_INDEX.release,
  body: "# All system extensions\n\n`SHA256SUMS` names the images of all versions of all extensions. It changes with each release.\n",
  isLatest: true,
};

export const noopNotes: Omit<Notes, "tag"> = {
  title: "noop",
  body: "# noop\n\nA transfer file that transfers nothing: systemd-sysupdate fails where it finds none.\n",
};

export const keyNotes: Omit<Notes, "tag"> = {
  title: "keys",
  body: "# Keys\n\nThe public keys that sign the indexes, for `/etc/systemd/import-pubring.gpg`.\n",
};
