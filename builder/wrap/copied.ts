/** What wrapping has put where, and why: what `--json` shows, and what is told in words. */

export interface Copied {
  /** In the output, `usr/local/tilde/libc.so.6`. */
  readonly path: string;
  /** In the tree. */
  readonly from: string;
  /** `asked for`, `needed by usr/bin/tilde`. */
  readonly why: string;
}
