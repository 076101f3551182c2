/** The documentation of this software, as it lies in docs/, in the order in which one would read it. */
import addAnExtension from "../../docs/add-an-extension.md" with { type: "text" };
import faults from "../../docs/faults.md" with { type: "text" };
import formats from "../../docs/formats.md" with { type: "text" };
import hostABakery from "../../docs/host-a-bakery.md" with { type: "text" };
import howItWorks from "../../docs/how-it-works.md" with { type: "text" };
import moveFromTheReference from "../../docs/move-from-the-reference.md" with { type: "text" };
import operate from "../../docs/operate.md" with { type: "text" };
import reference from "../../docs/reference.md" with { type: "text" };
import startHere from "../../docs/start-here.md" with { type: "text" };
import trust from "../../docs/trust.md" with { type: "text" };
import useAnExtension from "../../docs/use-an-extension.md" with { type: "text" };

export interface Document {
  /** Of its file, without `.md`: `/docs/<name>` */
  readonly name: string;
  readonly title: string;
  /** One sentence, for whoever looks for the right one */
  readonly about: string;
  /** Without the title */
  readonly markdown: string;
}

export interface Shelf {
  readonly title: string;
  readonly documents: readonly Document[];
}

export const SHELVES: readonly Shelf[] = [
  {
    title: "Machines",
    documents: [
      document(
        "start-here",
        startHere,
        "From nothing to an extension that is merged and updates itself, in ten minutes.",
      ),
      document("use-an-extension", useAnExtension, "At the first boot, on a running machine, one version or a series."),
      document("how-it-works", howItWorks, "What the parts are, and what happens when a machine asks for an update."),
      document("trust", trust, "What is signed and by whom, how to check by hand, how keys are replaced."),
    ],
  },
  {
    title: "Bakeries",
    documents: [
      document("host-a-bakery", hostABakery, "On Cloudflare or any static server; who may publish."),
      document("operate", operate, "Logs, figures, costs, and what to do when something is wrong."),
      document("move-from-the-reference", moveFromTheReference, "From the Flatcar sysext bakery, machines first."),
    ],
  },
  {
    title: "Extensions",
    documents: [
      document("add-an-extension", addAnExtension, "A recipe from its first line to its first release."),
      document("formats", formats, "What squashfs, EROFS, ext4 and btrfs cost and bring, measured."),
    ],
  },
  {
    title: "To look up",
    documents: [
      document("reference", reference, "Paths, API, release manifest, variables, commands."),
      document("faults", faults, "What the worker answers in every state of what it depends on."),
    ],
  },
];

export const DOCUMENTS: readonly Document[] = SHELVES.flatMap(({ documents }) => documents);

export function documentNamed(name: string): Document | undefined {
  return DOCUMENTS.find((document) => document.name === name);
}

function document(name: string, text: string, about: string): Document {
  const { title = name, markdown = text } = /^# (?<title>[^\n]*)\n+(?<markdown>[\s\S]*)$/.exec(text)?.groups ?? {};
  return { name, title, about, markdown };
}
