/** What whoever bakes may say of an extension: `./bakery create docker 28.0.4 --without containerd`. */

export interface RecipeOption {
  readonly help: string;
  /** What may be said. */
  readonly values: readonly string[] | RegExp;
  /** What holds where nothing is said. */
  readonly default?: string;
}

export type RecipeOptions = Readonly<Record<string, RecipeOption>>;

export type OptionValues<O extends RecipeOptions = RecipeOptions> = {
  readonly [Name in keyof O]: O[Name] extends { readonly default: string } ? string : string | undefined;
};

/** One of these words, or none. */
export function choice(help: string, ...values: [string, ...string[]]) {
  return { help, values } as const satisfies RecipeOption;
}

/** A word of a form, with a default. */
export function word(help: string, values: RegExp, value: string) {
  return { help, values, default: value } as const satisfies RecipeOption;
}
