/** The one error of this package: something from outside is not what it has to be. */

export class InvalidInput extends Error {
  override readonly name = "InvalidInput";
  readonly what: string;
  readonly problem: string;

  /**
   * @param what the kind of thing that was read, `SHA256SUMS` or `release manifest`
   * @param problem where it is wrong and how, `line 3: …` or `images[1].arch: …`
   */
  constructor(what: string, problem: string) {
    super(`invalid ${what}: ${problem}`);
    this.what = what;
    this.problem = problem;
  }
}
