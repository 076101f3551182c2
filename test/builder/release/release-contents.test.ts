/** How an image is cut into parts for a picture of it. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { partsOf } from "../../../builder/release/release-contents.ts";
import { MAX_PARTS } from "../../../schema/index.ts";

const file = (path: string, size: number) => ({ path, size });

it("cuts what is large into what makes it large, and leaves the rest together", () => {
  const docs = Array.from({ length: 30 }, (_, at) => file(`usr/share/doc/${at}`, 1));
  const parts = partsOf([file("usr/bin/kubelet", 700), file("usr/bin/kubectl", 500), file("usr/lib/x", 40), ...docs]);
  expect(parts.slice(0, 3)).toEqual([
    { path: "usr/bin/kubelet", size: 700, files: 1 },
    { path: "usr/bin/kubectl", size: 500, files: 1 },
    { path: "usr/lib/x", size: 40, files: 1 },
  ]);
  expect(parts.slice(3).every(({ path }) => path.startsWith("usr/share/doc/"))).toBe(true);
});

it("is nothing of nothing", () => {
  expect(partsOf([])).toEqual([]);
});

it("loses nothing, names nothing twice, and is the same in whatever order the files come", () => {
  const name = fc.constantFrom("a", "b", "c", "bin", "lib");
  const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => `usr/${names.join("/")}/f`);
  const files = fc.uniqueArray(fc.record({ path, size: fc.nat(1_000_000) }), {
    selector: (it) => it.path,
    maxLength: 80,
  });
  fc.assert(
    fc.property(files, (all) => {
      const parts = partsOf(all);
      expect(parts.length).toBeLessThanOrEqual(MAX_PARTS);
      expect(parts.reduce((sum, { size }) => sum + size, 0)).toBe(all.reduce((sum, { size }) => sum + size, 0));
      expect(parts.reduce((sum, { files: count }) => sum + count, 0)).toBe(all.length);
      expect(new Set(parts.map((part) => part.path)).size).toBe(parts.length);
      expect(partsOf(all.toReversed())).toEqual(parts);
    }),
    { numRuns: 200 },
  );
});
