/** A configuration as a file of Ansible tasks for machines that run, to be included in a play with `become: true`. */
import { Document, Scalar } from "yaml";
import { type Arch, UNAME_ARCH } from "../arch.ts";
import { activationTasks, definitionTasks, fetchTasks, linkTask, linkTasks } from "./ansible-extension-tasks.ts";
import { type AnsibleTask, looking } from "./ansible-task.ts";
import { NO_LOGIN } from "./butane.ts";
import type { ConfiguredFile, ConfiguredUnit, HostConfiguration } from "./host-configuration.ts";
import { dropinFiles } from "./update-definitions.ts";
import { yamlText } from "./yaml-text.ts";

export function formatAnsibleTasks(host: HostConfiguration, arch: Arch): string {
  const { extensions, notes } = host;
  const releases = extensions.map(({ name, version }) => `${name} ${version}`).join(", ");
  const document = new Document(ansibleTasks(host, arch), { version: "1.1", aliasDuplicateObjects: false });
  document.commentBefore = [
    ` Installs ${releases}. In a play with become: true:`,
    "   - ansible.builtin.import_tasks: extensions.yaml",
    ...notes.map((note) => ` Note: ${note}.`),
  ].join("\n");
  return yamlText(document);
}

function ansibleTasks(host: HostConfiguration, arch: Arch): AnsibleTask[] {
  const { extensions, files, initialFiles, links, units, users } = host;
  const dropins = dropinFiles(host);
  const transfers = extensions.flatMap(({ transfer }) => transfer ?? []);
  const images = extensions.map(({ image }) => image);
  const all = [...images, ...transfers, ...files, ...initialFiles, ...dropins];
  const folders = new Set(
    [...all, ...extensions.map(({ link }) => link), ...links].map(({ path }) => path.slice(0, path.lastIndexOf("/"))),
  );
  const tasks = [
    ...users.map(
      ({ name, uid: gid }): AnsibleTask => ({
        name: `Group ${name}`,
        "ansible.builtin.group": { name, ...(gid !== undefined && { gid }), system: true },
      }),
    ),
    ...users.map(
      ({ name, uid, home }): AnsibleTask => ({
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
      (path): AnsibleTask => ({ name: `Folder ${path}`, "ansible.builtin.file": { path, state: "directory" } }),
    ),
    ...extensions.flatMap(fetchTasks),
    ...extensions.flatMap(linkTasks),
    ...extensions.flatMap((one) => definitionTasks(one, host)),
    ...[...transfers, ...files, ...dropins].map((file) => fileTask(file, true)),
    ...initialFiles.map((file) => fileTask(file, false)),
    ...links.map((link) => linkTask(link)),
    { name: "Units as they are now", "ansible.builtin.systemd": { daemon_reload: true } },
    ...units.flatMap(unitTasks),
    ...activationTasks(extensions),
  ];
  // With --check what builds on a folder, a user or a unit that is not there yet cannot but fail.
  const block = { name: "Extensions", ignore_errors: "{{ ansible_check_mode }}", block: tasks };
  return [...neededTasks(host, arch), block];
}

/** What would be found missing when half of it is done. */
function neededTasks({ extensions, units }: HostConfiguration, arch: Arch): AnsibleTask[] {
  const machine = UNAME_ARCH[arch];
  const timers = units.flatMap(({ name }) => (name.endsWith(".timer") ? [name] : []));
  const follows = extensions.some(({ transfer }) => transfer !== undefined);
  return [
    {
      name: `The machine is ${machine}`,
      ...looking("uname", "-m"),
      register: "extensions_machine",
      failed_when: `extensions_machine.stdout != '${machine}'`,
    },
    { name: "The machine has systemd-sysext", ...looking("systemd-sysext", "--version") },
    ...(follows
      ? [{ name: "The machine has systemd-sysupdate", ...looking("/usr/lib/systemd/systemd-sysupdate", "--version") }]
      : []),
    ...timers.map((timer) => ({ name: `The machine has ${timer}`, ...looking("systemctl", "cat", timer) })),
  ];
}

/** With --check get_url does not know what comes, and would say of each file that is there that it changes. */
const CHANGES =
  "extensions_file is changed and not (ansible_check_mode and extensions_file.checksum_dest | default('', true) != '')";

/** @param replaces whether it is written where there is another one */
function fileTask(
  { path, mode, user = "root", group = "root", contents }: ConfiguredFile,
  replaces: boolean,
): AnsibleTask {
  const place = { dest: path, mode: mode.toString(8).padStart(4, "0"), owner: user, group, force: replaces };
  if ("text" in contents) {
    return { name: `File ${path}`, "ansible.builtin.copy": { ...place, content: literal(contents.text) } };
  }
  const { url, sha256 } = contents;
  const checksum = sha256 !== undefined && { checksum: `sha256:${sha256}` };
  return {
    name: `File ${path}`,
    "ansible.builtin.get_url": { url, ...place, ...checksum },
    ...(sha256 === undefined && { register: "extensions_file", changed_when: CHANGES }),
  };
}

function unitTasks({ name, enabled, mask }: ConfiguredUnit): AnsibleTask[] {
  const states = [
    ...(mask ? [{ masked: true }] : []),
    ...(enabled ? [{ enabled: true, ...(name.endsWith(".timer") && { state: "started" }) }] : []),
  ];
  const tasks: AnsibleTask[] = states.map((state) => ({
    name: `Unit ${name}`,
    "ansible.builtin.systemd": { name, ...state },
  }));
  if (!mask) return tasks;
  const stopped = { name: `Unit ${name} does not run`, "ansible.builtin.systemd": { name, state: "stopped" } };
  // Where there is no such unit, there is none to be stopped.
  return [{ ...stopped, failed_when: false }, ...tasks];
}

/** As it stands: no template, whatever braces it has. */
function literal(text: string): Scalar<string> {
  const scalar = new Scalar(text);
  scalar.tag = "!unsafe";
  return scalar;
}
