/** A configuration as a file of Ansible tasks for machines that run, to be included in a play with `become: true`. */
import { Document, Scalar } from "yaml";
import { NO_LOGIN } from "./butane.ts";
import type { ConfiguredExtension } from "./configured-extension.ts";
import type { ConfiguredFile, ConfiguredLink, ConfiguredUnit, HostConfiguration } from "./host-configuration.ts";
import { yamlText } from "./yaml-text.ts";

type Task = { readonly name: string } & Readonly<Record<string, unknown>>;

export function formatAnsibleTasks(host: HostConfiguration): string {
  const { extensions, notes } = host;
  const releases = extensions.map(({ name, version }) => `${name} ${version}`).join(", ");
  const document = new Document(ansibleTasks(host), { version: "1.1", aliasDuplicateObjects: false });
  document.commentBefore = [
    ` Installs ${releases}. In a play with become: true:`,
    "   - ansible.builtin.import_tasks: extensions.yaml",
    ...notes.map((note) => ` Note: ${note}.`),
  ].join("\n");
  return yamlText(document);
}

function ansibleTasks({ extensions, files, initialFiles, links, units, users }: HostConfiguration): Task[] {
  const dropins = units.flatMap(({ name: unit, dropins: own = [] }) =>
    own.map(({ name, contents }) => ({
      path: `/etc/systemd/system/${unit}.d/${name}`,
      mode: 0o644,
      contents: { text: contents },
    })),
  );
  const transfers = extensions.flatMap(({ transfer }) => transfer ?? []);
  const images = extensions.map(({ image }) => image);
  const all = [...images, ...transfers, ...files, ...initialFiles, ...dropins];
  const folders = new Set(
    [...all, ...extensions.map(({ link }) => link), ...links].map(({ path }) => path.slice(0, path.lastIndexOf("/"))),
  );
  return [
    ...users.map(
      ({ name, uid: gid }): Task => ({
        name: `Group ${name}`,
        "ansible.builtin.group": { name, ...(gid !== undefined && { gid }), system: true },
      }),
    ),
    ...users.map(
      ({ name, uid, home }): Task => ({
        name: `User ${name}`,
        "ansible.builtin.user": {
          name,
          ...(uid !== undefined && { uid }),
          group: name,
          ...(home !== undefined && { home }),
          create_home: false,
          shell: NO_LOGIN,
          system: true,
        },
      }),
    ),
    ...[...folders].map(
      (path): Task => ({ name: `Folder ${path}`, "ansible.builtin.file": { path, state: "directory" } }),
    ),
    ...extensions.flatMap(extensionTasks),
    ...[...transfers, ...files, ...dropins].map((file) => fileTask(file, true)),
    ...initialFiles.map((file) => fileTask(file, false)),
    ...links.map((link) => linkTask(link)),
    { name: "Units as they are now", "ansible.builtin.systemd": { daemon_reload: true } },
    ...units.flatMap(unitTasks),
    ...activationTasks(extensions),
  ];
}

/** What an update has brought since the version that stands here is kept. */
function extensionTasks({ name, version, image, link, transfer, followed }: ConfiguredExtension): Task[] {
  const fact = factOf(name);
  const arch = image.path.slice(image.path.lastIndexOf(version) + version.length);
  const wanted = { when: `${fact}_newer.rc | default(1) != 0` };
  const { url, sha256 } = image.contents;
  return [
    {
      name: `What there is of ${name}`,
      "ansible.builtin.stat": { path: link.path },
      register: `${fact}_link`,
    },
    {
      name: `Whether ${name} is merged`,
      "ansible.builtin.stat": { path: `/usr/lib/extension-release.d/extension-release.${name}` },
      register: `${fact}_merged`,
    },
    ...(transfer === undefined
      ? []
      : [
          {
            name: `Whether an update has brought a newer ${name}`,
            "ansible.builtin.command": {
              argv: [
                "systemd-analyze",
                "compare-versions",
                `{{ (${fact}_link.stat.lnk_source | basename)[${name.length + 1}:-${arch.length}] }}`,
                "gt",
                version,
              ],
            },
            register: `${fact}_newer`,
            changed_when: false,
            failed_when: false,
            when: [
              `${fact}_link.stat.islnk | default(false)`,
              `${fact}_link.stat.lnk_source.startswith('/opt/extensions/${name}/${followed}')`,
              `${fact}_link.stat.lnk_source.endswith('${arch}')`,
            ],
          },
        ]),
    {
      name: `Image of ${name} ${version}`,
      "ansible.builtin.get_url": {
        url,
        dest: image.path,
        mode: "0644",
        ...(sha256 !== undefined && { checksum: `sha256:${sha256}` }),
      },
      ...wanted,
    },
    {
      ...linkTask(link),
      ...wanted,
      register: fact,
    },
  ];
}

/** @param replaces whether it is written where there is another one */
function fileTask({ path, mode, user = "root", group = "root", contents }: ConfiguredFile, replaces: boolean): Task {
  const place = { dest: path, mode: mode.toString(8).padStart(4, "0"), owner: user, group, force: replaces };
  if ("text" in contents) {
    return { name: `File ${path}`, "ansible.builtin.copy": { ...place, content: literal(contents.text) } };
  }
  const { url, sha256 } = contents;
  const checksum = sha256 !== undefined && { checksum: `sha256:${sha256}` };
  return { name: `File ${path}`, "ansible.builtin.get_url": { url, ...place, ...checksum } };
}

function linkTask({ path, target }: ConfiguredLink): Task {
  const link = { path, src: target, state: "link", force: true, follow: false };
  return { name: `Link ${path}`, "ansible.builtin.file": link };
}

function unitTasks({ name, enabled, mask }: ConfiguredUnit): Task[] {
  const states = [
    ...(mask ? [{ masked: true }] : []),
    ...(enabled ? [{ enabled: true, ...(name.endsWith(".timer") && { state: "started" }) }] : []),
  ];
  const tasks: Task[] = states.map((state) => ({
    name: `Unit ${name}`,
    "ansible.builtin.systemd": { name, ...state },
  }));
  if (!mask) return tasks;
  const stopped = { name: `Unit ${name} does not run`, "ansible.builtin.systemd": { name, state: "stopped" } };
  // Where there is no such unit, there is none to be stopped.
  return [{ ...stopped, failed_when: false }, ...tasks];
}

/** A merge is of all images at once, so one that waits for a boot has the others wait. */
function activationTasks(extensions: readonly ConfiguredExtension[]): Task[] {
  const changed = extensions.map(({ name }) => `${factOf(name)} is changed`);
  const waiting = extensions.filter(({ activation }) => activation === "reboot" || activation === "nothing");
  const replaced = ({ name }: ConfiguredExtension) =>
    `(${factOf(name)} is changed and ${factOf(name)}_merged.stat.exists)`;
  const waits = waiting.length === 0 ? "false" : waiting.map(replaced).join(" or ");
  const asks = waiting.filter(({ activation }) => activation === "reboot").map(replaced);
  return [
    ...(asks.length > 0
      ? [
          {
            name: "Ask for a reboot",
            "ansible.builtin.file": { path: "/run/reboot-required", state: "touch", mode: "0644" },
            when: asks.join(" or "),
          },
        ]
      : []),
    {
      name: "Merge",
      "ansible.builtin.systemd": { name: "systemd-sysext.service", state: "reloaded" },
      when: [changed.join(" or "), `not (${waits})`],
    },
    ...extensions.flatMap(({ name, activation, starts }) => {
      const fact = factOf(name);
      const units = typeof activation === "object" ? activation.restart : [];
      const tasks = [
        ...units.map((unit) => ({ unit, state: "restarted", when: `${fact}_merged.stat.exists` })),
        ...starts.map((unit) => ({ unit, state: "started", when: `not ${fact}_merged.stat.exists` })),
      ];
      return tasks.map(
        ({ unit, state, when }): Task => ({
          name: `Unit ${unit} is ${state}`,
          "ansible.builtin.systemd": { name: unit, state, no_block: true, daemon_reload: true },
          when: [`${fact} is changed`, when, `not (${waits})`],
        }),
      );
    }),
  ];
}

/** Registered variables begin with a letter, and have no dashes. */
function factOf(name: string): string {
  return `extension_${name.replaceAll("-", "_")}`;
}

/** As it stands: no template, whatever braces it has. */
function literal(text: string): Scalar<string> {
  const scalar = new Scalar(text);
  scalar.tag = "!unsafe";
  return scalar;
}
