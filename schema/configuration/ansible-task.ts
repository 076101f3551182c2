/** A task as Ansible has it: a name, a module with its arguments, and what is to be said of it. */
export type AnsibleTask = { readonly name: string } & Readonly<Record<string, unknown>>;

/** A command that changes nothing, so it is run with `--check` too. */
export function looking(...argv: readonly string[]) {
  return { "ansible.builtin.command": { argv }, changed_when: false, check_mode: false } as const;
}
