/** CPU architectures, spelled the way systemd's `%a` specifier spells them, and what other projects call them. */

export const ARCHES = ["x86-64", "arm64"] as const;
export type Arch = (typeof ARCHES)[number];

/** Go's GOARCH, which most upstreams put into their file names. */
export const GO_ARCH = { "x86-64": "amd64", arm64: "arm64" } as const satisfies Record<Arch, string>;

/** What `uname -m` prints. */
export const UNAME_ARCH = { "x86-64": "x86_64", arm64: "aarch64" } as const satisfies Record<Arch, string>;

export function isArch(text: string): text is Arch {
  return (ARCHES as readonly string[]).includes(text);
}
