/** A part of a page under its own heading, and what it says where storage does not give it. */
import type { Child } from "hono/jsx";
import { type Reading, UNAVAILABLE } from "./reader.ts";

interface PagePartProps {
  /** Of the heading, so that one can link to it */
  readonly id: string;
  readonly title: string;
  readonly children?: Child;
}

export function PagePart({ id, title, children }: PagePartProps) {
  return (
    <section class="part" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <div>{children}</div>
    </section>
  );
}

interface IfKnownProps<T> {
  readonly reading: Reading<T>;
  readonly what: string;
  readonly children: (found: T) => Child;
}

export function IfKnown<T>({ reading, what, children }: IfKnownProps<T>) {
  if (reading === UNAVAILABLE) return <p class="warn">{what} cannot be shown just now. Try again in a minute.</p>;
  return <>{reading !== undefined && children(reading)}</>;
}

export function known<T>(reading: Reading<T>): T | undefined {
  return reading === UNAVAILABLE ? undefined : reading;
}
