/** What the API can be asked, as data: its routes in OpenAPI's words, and the schemas of what they take and answer. */
import type { JsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import * as api from "./api.ts";
import { ARCHES } from "./arch.ts";
import { CHOICE_VALUES, MAX_SYSTEMD, MIN_SYSTEMD } from "./configuration/choice.ts";
import { CONFIGURATION_FILES } from "./configuration/configuration.ts";
import { extensionProfileSchema } from "./extension-profile.ts";
import * as publishing from "./publish-api.ts";
import { releaseContentsSchema } from "./release-contents.ts";
import { releaseManifestFields } from "./release-manifest.ts";

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description: string;
  readonly schema: JsonSchema;
}

export interface ApiOperation {
  /** Default: get */
  readonly method?: "get" | "post" | "put" | "delete";
  /** Below `/api/v1`, parameters in braces */
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  /** Name of the answer's schema; none: there is no body, or it is text */
  readonly answer?: SchemaName;
  /** Which types of text it answers with */
  readonly text?: readonly string[];
  /** What is sent: the name of its schema, or bytes */
  readonly request?: SchemaName | "bytes";
  /** Whether only publishers may, or only those that maintain */
  readonly right?: "publish" | "maintain";
}

type SchemaName = keyof typeof ANSWERS;

export const MAX_PAGE = 200;
export const DEFAULT_PAGE = 100;

/** What answers are made of, by the name that they have in the document. */
export const ANSWERS = {
  Extensions: api.apiExtensions,
  Extension: api.apiExtension,
  Releases: api.apiReleases,
  Latest: api.apiLatest,
  ReleaseManifest: releaseManifestFields,
  ExtensionProfile: extensionProfileSchema,
  ReleaseContents: releaseContentsSchema,
  Contents: api.apiContents,
  Error: api.apiError,
  Draft: publishing.draft,
  Drafts: publishing.drafts,
  Commit: publishing.commitRequest,
  Committed: publishing.committed,
  DescriptionPut: publishing.descriptionPut,
  IndexState: publishing.indexState,
  Index: publishing.indexRequest,
  IndexPut: publishing.indexPut,
  Yank: publishing.yankRequest,
  Prune: publishing.pruneRequest,
  Withdrawn: publishing.withdrawn,
  Restored: publishing.restored,
  Swept: publishing.swept,
} as const satisfies Record<string, v.GenericSchema>;

const text = (name: string, where: Parameter["in"], description: string, schema: JsonSchema = {}): Parameter => ({
  name,
  in: where,
  description,
  schema: { type: "string", ...schema },
});
const EXTENSION = text("extension", "path", "name of an extension, `kubernetes`");
const VERSION = text("version", "path", "version as it stands in file names, `v1.32.2`");
/** One of a choice's parameters, with the values that it may have. */
const chosen = (name: keyof typeof CHOICE_VALUES, description: string) =>
  text(name, "query", description, {
    enum: CHOICE_VALUES[name].map(({ value }) => value).filter((value) => value !== ""),
  });
const RELEASE = "/extensions/{extension}/releases/{version}";
const OF_RELEASE = [EXTENSION, VERSION];
const IF_MATCH = text("if-match", "header", "entity tag of the draft, or of the state of the index");
const PAGE = [
  text("cursor", "query", "the `next` of the answer before"),
  {
    ...text("limit", "query", "entries of one answer"),
    schema: { type: "integer", minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE },
  } as const,
];

export const API_OPERATIONS: readonly ApiOperation[] = [
  { path: "/extensions", summary: "All extensions, by name", parameters: PAGE, answer: "Extensions" },
  { path: "/extensions/{extension}", summary: "One extension", parameters: [EXTENSION], answer: "Extension" },
  {
    path: "/extensions/{extension}/releases",
    summary: "Its releases, newest first, with those that were withdrawn",
    parameters: [EXTENSION, ...PAGE],
    answer: "Releases",
  },
  {
    path: "/extensions/{extension}/releases/{version}",
    summary: "The release manifest: what a release contains and what it was made from",
    parameters: [EXTENSION, VERSION],
    answer: "ReleaseManifest",
  },
  {
    path: "/extensions/{extension}/latest",
    summary: "The newest image, as machines that follow the index get it",
    parameters: [
      EXTENSION,
      { ...text("arch", "query", "architecture; x86-64 unless said"), schema: { type: "string", enum: [...ARCHES] } },
      text("series", "query", "of one minor series, `v1.32`"),
    ],
    answer: "Latest",
  },
  {
    path: "/extensions/{extension}/config",
    summary: "A configuration for machines that are to have it, and to follow this bakery",
    parameters: [
      EXTENSION,
      text(
        "version",
        "query",
        "a version, or a minor series of which the newest is meant; the newest of all unless said",
      ),
      text("with", "query", "others beside it, with commas between: `docker@28.0.4,docker-compose`"),
      chosen("arch", "architecture; x86-64 unless said"),
      chosen("follow", "which newer versions it gets; as the extension advises unless said"),
      chosen("after", "what is done with a newer version; as the extension advises unless said"),
      chosen("verify", "whether machines demand a signed index; where the bakery signs unless said"),
      {
        ...text("systemd", "query", "version of the machine's systemd; any unless said"),
        schema: { type: "integer", minimum: MIN_SYSTEMD, maximum: MAX_SYSTEMD },
      },
      chosen("format", "butane unless said"),
      text("download", "query", "1: browsers keep it as a file", { enum: ["1"] }),
    ],
    text: [...new Set(Object.values(CONFIGURATION_FILES).map(({ contentType }) => contentType))],
  },
  {
    path: "/catalog/contents",
    summary: "The extensions as GitHub's contents API lists folders, for updex",
    parameters: [],
    answer: "Contents",
  },
  {
    method: "post",
    path: RELEASE,
    summary: "Begin a draft with its release manifest, or take it up again; says what is missing",
    parameters: OF_RELEASE,
    request: "ReleaseManifest",
    answer: "Draft",
    right: "publish",
  },
  {
    path: "/extensions/{extension}/drafts",
    summary: "What is on its way in; nobody comes back for what was not used for a day",
    parameters: [EXTENSION],
    answer: "Drafts",
    right: "publish",
  },
  {
    method: "put",
    path: `${RELEASE}/files/{file}`,
    summary: "Upload a file of a draft, or one part of it with its Content-Digest (RFC 9530)",
    parameters: [
      ...OF_RELEASE,
      text("file", "path", "its name in the manifest"),
      { ...text("part", "query", "from 1"), schema: { type: "integer", minimum: 1, default: 1 } },
      text("content-digest", "header", "`sha-256=:<base64>:` of the part; needed where there are several"),
      IF_MATCH,
    ],
    request: "bytes",
    right: "publish",
  },
  {
    method: "post",
    path: `${RELEASE}/commit`,
    summary: "Publish a draft whose files are all there; ask again while it answers 202",
    parameters: [...OF_RELEASE, IF_MATCH],
    request: "Commit",
    answer: "Committed",
    right: "publish",
  },
  {
    method: "put",
    path: `${RELEASE}/log`,
    summary: "Keep a release's build log, as text; the first one stays",
    parameters: OF_RELEASE,
    request: "bytes",
    answer: "DescriptionPut",
    right: "publish",
  },
  {
    method: "put",
    path: `${RELEASE}/contents`,
    summary: "Keep what is in a release's images; the first one stays",
    parameters: OF_RELEASE,
    request: "ReleaseContents",
    answer: "DescriptionPut",
    right: "publish",
  },
  {
    method: "put",
    path: "/extensions/{extension}/profile",
    summary: "Keep what an extension is, unless the one that is there was made with a newer version",
    parameters: [EXTENSION],
    request: "ExtensionProfile",
    answer: "DescriptionPut",
    right: "publish",
  },
  ...(["index", "global-index"] as const).flatMap((name): ApiOperation[] => [
    {
      path: `/extensions/{extension}/${name}`,
      summary: "What the index says, and what it has to say",
      parameters: [EXTENSION],
      answer: "IndexState",
      right: "publish",
    },
    {
      method: "put",
      path: `/extensions/{extension}/${name}`,
      summary: "Put the index that follows from what is published, with its signatures",
      parameters: [EXTENSION, IF_MATCH],
      request: "Index",
      answer: "IndexPut",
      right: "publish",
    },
  ]),
  {
    method: "post",
    path: `${RELEASE}/yank`,
    summary: "Withdraw a release; its files stay",
    parameters: OF_RELEASE,
    request: "Yank",
    answer: "Withdrawn",
    right: "maintain",
  },
  {
    method: "delete",
    path: `${RELEASE}/yank`,
    summary: "List a release again that was withdrawn, or pruned and not deleted yet",
    parameters: OF_RELEASE,
    answer: "Restored",
    right: "maintain",
  },
  {
    method: "post",
    path: "/extensions/{extension}/prune",
    summary: "Withdraw all releases but the newest, to be deleted a day later",
    parameters: [EXTENSION],
    request: "Prune",
    answer: "Withdrawn",
    right: "maintain",
  },
  {
    method: "post",
    path: "/extensions/{extension}/sweep",
    summary: "Delete the files of pruned releases that no index has named for a day",
    parameters: [EXTENSION],
    answer: "Swept",
    right: "maintain",
  },
];
