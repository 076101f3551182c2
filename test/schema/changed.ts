/** Breaks a document in one place. */
export type Path = readonly [string | number, ...(string | number)[]];

/** A copy of a JSON value with another value at a path; undefined takes the field out. */
export function changed(json: unknown, path: Path, value: unknown): unknown {
  const copy = structuredClone(json);
  const parents = path.slice(0, -1);
  const parent = parents.reduce((at: Record<string | number, unknown>, key) => at[key] as typeof at, copy as never);
  const key = path.at(-1) as string | number;
  if (value === undefined) delete parent[key];
  else parent[key] = value;
  return copy;
}
