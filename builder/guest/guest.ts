/** A throw-away guest: a distribution's tree that is started, does one job as root, and is gone without a trace. */

/** A file that is put over the guest's tree. */
export interface GuestFile {
  /** From the root of the guest, without a slash in front: "etc/motd". Folders above it are made. */
  readonly path: string;
  readonly content: string | { readonly file: string };
  /** Default: 0o644. */
  readonly mode?: number;
}

export interface GuestJob {
  /** A distribution's tree with systemd; it is not changed. */
  readonly tree: string;
  /** Put over the tree before the guest starts. */
  readonly files: readonly GuestFile[];
  /** TCP ports of this machine's 127.0.0.1 that it reaches under the runner's `hostAddress`; it may reach no others. */
  readonly ports?: readonly number[];
  /** sh, run as root by the guest's service manager once multi-user.target is reached; its stdout is the result. */
  readonly script: string;
  /** Seconds until it is given up. */
  readonly timeout: number;
}

export interface GuestResult {
  /** The script's. */
  readonly exitCode: number;
  readonly stdout: string;
  /** What systemd and the kernel said, for errors. */
  readonly console: string;
}

export interface RunGuestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onConsole?: (text: string) => void;
}

export interface GuestRunner {
  /** How the guest is called for people: "systemd-nspawn", "qemu (TCG)". */
  readonly name: string;
  /** Under which host a guest reaches servers that listen on this machine's 127.0.0.1: "127.0.0.1", or "10.0.2.100" in qemu. */
  readonly hostAddress: string;
  /** Why it cannot be used here; undefined where it can. */
  unavailable(): Promise<string | undefined>;
  /**
   * Leaves nothing on this machine, also when it fails or is aborted.
   * @throws UserError if the guest did not come to the end of its job within its time; ToolError if it did not start
   */
  run(job: GuestJob, options?: RunGuestOptions): Promise<GuestResult>;
}
