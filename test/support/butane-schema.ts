/**
 * The keys that Butane knows in the `flatcar` variant, as far as documents here use them; anything else is an error, as
 * with `butane --strict`.
 *
 * https://coreos.github.io/butane/config-flatcar-v1_0/
 */
import * as v from "valibot";

const path = v.pipe(v.string(), v.startsWith("/"));
const owner = v.optional(v.strictObject({ id: v.optional(v.number()), name: v.optional(v.string()) }));
const resource = v.strictObject({
  source: v.optional(v.pipe(v.string(), v.url())),
  inline: v.optional(v.string()),
  compression: v.optional(v.string()),
  verification: v.optional(v.strictObject({ hash: v.pipe(v.string(), v.regex(/^sha(?:256|512)-[0-9a-f]+$/)) })),
});
/** Octal, as YAML 1.1 reads `0644`: no more than permissions. */
const mode = v.optional(v.pipe(v.number(), v.integer(), v.maxValue(0o777)));

const storage = v.strictObject({
  files: v.optional(
    v.array(
      v.strictObject({
        path,
        overwrite: v.optional(v.boolean()),
        contents: v.optional(resource),
        append: v.optional(v.array(resource)),
        mode,
        user: owner,
        group: owner,
      }),
    ),
  ),
  directories: v.optional(v.array(v.strictObject({ path, mode, user: owner, group: owner }))),
  links: v.optional(
    v.array(
      v.strictObject({ path, target: v.string(), hard: v.optional(v.boolean()), overwrite: v.optional(v.boolean()) }),
    ),
  ),
});

const unit = v.strictObject({
  name: v.string(),
  enabled: v.optional(v.boolean()),
  mask: v.optional(v.boolean()),
  contents: v.optional(v.string()),
  dropins: v.optional(
    v.array(v.strictObject({ name: v.pipe(v.string(), v.endsWith(".conf")), contents: v.optional(v.string()) })),
  ),
});

const user = v.strictObject({
  name: v.string(),
  uid: v.optional(v.number()),
  home_dir: v.optional(v.string()),
  no_create_home: v.optional(v.boolean()),
  groups: v.optional(v.array(v.string())),
  primary_group: v.optional(v.string()),
  shell: v.optional(v.string()),
  system: v.optional(v.boolean()),
});

/** Each path and each unit once. */
function once(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

export const butane = v.strictObject({
  variant: v.literal("flatcar"),
  version: v.picklist(["1.0.0", "1.1.0"]),
  storage: v.optional(
    v.pipe(
      storage,
      v.check(({ files = [], directories = [], links = [] }) =>
        once([...files, ...directories, ...links].map((one) => one.path)),
      ),
    ),
  ),
  systemd: v.optional(
    v.strictObject({
      units: v.pipe(
        v.array(unit),
        v.check((units) => once(units.map(({ name }) => name))),
      ),
    }),
  ),
  passwd: v.optional(
    v.strictObject({
      users: v.optional(v.array(user)),
      groups: v.optional(
        v.array(v.strictObject({ name: v.string(), gid: v.optional(v.number()), system: v.optional(v.boolean()) })),
      ),
    }),
  ),
});
