/** What checks look at, what they find, and what of it somebody has allowed. */
import type { Contents } from "../../image/contents.ts";
import type { Plan } from "../plan.ts";
import type { ImageTree } from "./image-tree.ts";

export interface Subject {
  readonly contents: Contents;
  readonly tree: ImageTree;
  readonly plan: Plan;
}

/** An error keeps the image from shipping; a warning is told. */
export interface Problem {
  readonly level: "error" | "warning";
  /** What is wrong with which path, and why that matters where it is not plain. */
  readonly message: string;
}

export interface Check {
  /** What `--allow` calls it, kebab-case. */
  readonly id: string;
  /** For the help: what it refuses. */
  readonly refuses: string;
  find(subject: Subject): readonly Problem[] | Promise<readonly Problem[]>;
}

export interface Finding {
  readonly check: string;
  readonly message: string;
}

/** Somebody has looked at what a check refuses, and takes it for that reason. */
export interface Allowance {
  readonly check: string;
  readonly reason: string;
}

export type Allowances = readonly Allowance[];

export interface CheckReport {
  /** What was allowed is told too. */
  readonly warnings: readonly Finding[];
  /** The allowances without which the image would not ship. */
  readonly allowed: Allowances;
}

export function error(message: string): Problem {
  return { level: "error", message };
}

export function warning(message: string): Problem {
  return { level: "warning", message };
}
