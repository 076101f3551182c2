/** What Ansible does for each extension: what there is, what is to come, and what is then to be merged and restarted. */
import { type AnsibleTask, looking } from "./ansible-task.ts";
import type { ConfiguredExtension } from "./configured-extension.ts";
import type { ConfiguredLink, HostConfiguration } from "./host-configuration.ts";
import { definitionsOf, transferPatterns, updateDropins } from "./update-definitions.ts";

/** All images come before any is linked. What an update has brought since the version that stands here is kept. */
export function fetchTasks({ name, version, image, link, transfer, followed }: ConfiguredExtension): AnsibleTask[] {
  const fact = factOf(name);
  const arch = image.path.slice(image.path.lastIndexOf(version) + version.length);
  const { url, sha256 } = image.contents;
  return [
    { name: `What there is of ${name}`, "ansible.builtin.stat": { path: link.path }, register: `${fact}_link` },
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
            ...looking(
              "systemd-analyze",
              "compare-versions",
              `{{ (${fact}_link.stat.lnk_source | basename)[${name.length + 1}:-${arch.length}] }}`,
              "gt",
              version,
            ),
            register: `${fact}_newer`,
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
      when: wanted(name),
    },
  ];
}

/** What is to be done stands below `/run` until all is: a play that is cut off in between goes on from there. */
export function linkTasks({ name, link }: ConfiguredExtension): AnsibleTask[] {
  const fact = factOf(name);
  // An update has made a relative link, which leads there as well.
  const when = [wanted(name), `${fact}_link.stat.lnk_source | default('') != '${link.target}'`];
  const kind = `'yes' if ${fact}_merged.stat.exists else 'new'`;
  return [
    {
      name: `Note that ${name} changes`,
      "ansible.builtin.copy": { dest: noteOf(name), content: `{{ ${kind} }}`, mode: "0644", force: false },
      when,
    },
    { ...linkTask(link), when, register: `${fact}_linked` },
    {
      name: `What is to be done for ${name}`,
      "ansible.builtin.slurp": { src: noteOf(name) },
      register: `${fact}_note`,
      failed_when: false,
    },
    {
      name: `Whether ${name} changes`,
      "ansible.builtin.set_fact": {
        // With --check nothing is noted.
        [fact]: `{{ (${fact}_note.content | b64decode) if ${fact}_note.content is defined else ((${kind}) if ${fact}_linked is changed else '') }}`,
      },
    },
  ];
}

/** How it is updated say those, and none that another configuration has left. */
export function definitionTasks(extension: ConfiguredExtension, host: HostConfiguration): AnsibleTask[] {
  const { name } = extension;
  const kept = definitionsOf(extension, host);
  const found = `${factOf(name)}_definitions`;
  return [
    {
      name: `Transfer files of ${name}`,
      "ansible.builtin.find": {
        paths: [`/etc/sysupdate.${name}.d`],
        patterns: transferPatterns(name),
        file_type: "any",
      },
      register: found,
    },
    {
      name: `No other transfer file of ${name}`,
      "ansible.builtin.file": { path: "{{ item }}", state: "absent" },
      loop: `{{ ${found}.files | map(attribute='path') | list | difference(${JSON.stringify(kept).replaceAll('"', "'")}) }}`,
    },
    ...updateDropins(name)
      .filter((path) => !kept.includes(path))
      .map((path) => ({ name: `No ${path}`, "ansible.builtin.file": { path, state: "absent" } })),
  ];
}

/** A merge is of all images at once, so one that waits for a boot has the others wait. */
export function activationTasks(extensions: readonly ConfiguredExtension[]): AnsibleTask[] {
  const changed = extensions.map(({ name }) => `${factOf(name)} != ''`);
  const waiting = extensions.filter(({ activation }) => activation === "reboot" || activation === "nothing");
  const replaced = ({ name }: ConfiguredExtension) => `${factOf(name)} == 'yes'`;
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
      const units = typeof activation === "object" ? activation.restart : [];
      const tasks = [
        ...units.map((unit) => ({ unit, state: "restarted", change: "yes" })),
        ...starts.map((unit) => ({ unit, state: "started", change: "new" })),
      ];
      return tasks.map(
        ({ unit, state, change }): AnsibleTask => ({
          name: `Unit ${unit} is ${state}`,
          "ansible.builtin.systemd": { name: unit, state, no_block: true, daemon_reload: true },
          when: [`${factOf(name)} == '${change}'`, `not (${waits})`],
        }),
      );
    }),
    ...extensions.map(({ name }) => ({
      name: `All is done for ${name}`,
      "ansible.builtin.file": { path: noteOf(name), state: "absent" },
    })),
  ];
}

export function linkTask({ path, target }: ConfiguredLink): AnsibleTask {
  const link = { path, src: target, state: "link", force: true, follow: false };
  return { name: `Link ${path}`, "ansible.builtin.file": link };
}

function wanted(extension: string): string {
  return `${factOf(extension)}_newer.rc | default(1) != 0`;
}

function noteOf(extension: string): string {
  return `/run/${extension}.changed`;
}

/** Variables begin with a letter, and have no dashes. */
function factOf(extension: string): string {
  return `extension_${extension.replaceAll("-", "_")}`;
}
