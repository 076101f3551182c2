/**
 * A shell of root's on a machine that is made for it: folders of its own in memory, the programs of this one, and a
 * systemd that has systemd-sysupdate. Merging is real, and `/` is what the shell sees. It goes with the shell.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SystemdClient } from "../systemd-client.ts";
import { ShellSession } from "./shell-session.ts";

/**
 * `/usr` is in memory with links to this machine's files: an overlay of an overlay of an overlay the kernel refuses, and
 * folders that images have too have to be folders.
 */
const SET_UP = `
set -eu
tree=$1 exchange=$2 client=$3 sysupdate=$4 sysext=$5 libraries=$6 pull=$7
mount --make-rprivate /
mount -t tmpfs tmpfs "$tree"
cd "$tree"
mkdir -p host usr/bin usr/sbin usr/lib/systemd/system usr/share etc/systemd opt proc sys dev run tmp var/tmp root old
chmod 1777 tmp var/tmp
mount --bind /usr host
for path in bin sbin lib lib32 lib64; do [ ! -L "/$path" ] || cp -P "/$path" .; done
cp -R /etc/passwd /etc/group /etc/ld.so.cache /etc/alternatives etc/
# All that is there, but what is a folder of its own.
links() { find "host/$1" -mindepth 1 -maxdepth 1 $2 -printf "/host/$1/%f\\0" | xargs -0 ln -s -t "usr/$1"; }
links lib/systemd '! -name system'
links lib '! -name systemd'
for folder in bin sbin share; do links "$folder" ''; done
links . '! -name bin ! -name sbin ! -name share ! -name lib'
as_client() {
  rm -f "$1"
  printf '#!/bin/sh\\nexec env LD_LIBRARY_PATH=%s SYSTEMD_PULL_PATH=%s %s "$@"\\n' "$libraries" "$pull" "$2" > "$1"
  chmod 755 "$1"
}
as_client usr/lib/systemd/systemd-sysupdate "$sysupdate"
as_client usr/bin/systemd-sysext "$sysext"
for folder in "$exchange" "$client"; do mkdir -p ".$folder"; mount --bind "$folder" ".$folder"; done
for path in proc sys dev; do mount --rbind "/$path" "$path"; done
mount -t tmpfs tmpfs run
pivot_root . old
cd /
umount -l /old
# Or what is merged is nowhere to be seen.
mount --make-rshared /
export HOME=/root
cd /root
exec bash
`;

export class RootShell implements AsyncDisposable {
  readonly #tree: string;
  readonly #session: ShellSession;

  private constructor(tree: string, session: ShellSession) {
    this.#tree = tree;
    this.#session = session;
  }

  static async open({ programs }: SystemdClient): Promise<RootShell> {
    const tree = await mkdtemp(join(tmpdir(), "root-"));
    const { root, sysupdate, sysext, libraries, pull } = programs;
    const places = [root, sysupdate, sysext, libraries, pull];
    const command = (exchange: string) =>
      ["unshare", "--mount", "bash", "-c", SET_UP, "bash", tree, exchange, ...places] as const;
    return new RootShell(tree, await ShellSession.open({ command }));
  }

  run(commands: string) {
    return this.#session.run(commands);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
    await rm(this.#tree, { recursive: true });
  }
}
