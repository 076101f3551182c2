/** What somebody may have meant who mistyped a name. */
import { expect, test } from "vitest";
import { nearestNames } from "../../../worker/catalogue/near-matches.ts";

const NAMES = ["btop", "containerd", "docker", "docker-buildx", "docker-compose", "htop", "k3s", "kubernetes", "vim"];

test.each([
  ["swapped letters", "dokcer", ["docker"]],
  ["a letter left out", "kubernets", ["kubernetes"]],
  ["a letter too many", "kuberneetes", ["kubernetes"]],
  ["a wrong letter, of several the first by name", "atop", ["btop", "htop"]],
  ["capital letters", "KUBERNETE", ["kubernetes"]],
  ["the beginning of names, shortest way first", "dock", ["docker", "docker-buildx", "docker-compose"]],
  ["a name with more behind it", "docker-ce", ["docker"]],
  ["a part of a name", "compose", ["docker-compose"]],
  ["a short name, of which one letter is much", "k8s", ["k3s"]],
  ["swapped letters of a short name", "vmi", ["vim"]],
  ["a short name, of which two letters are wrong", "k8d", []],
  ["a name that is there", "docker", ["docker"]],
  ["something else", "postgresql", []],
  ["two letters, which many names have", "er", []],
  ["nothing", "", []],
  ["more than any name has", "docker".repeat(11), []],
  ["a path", "../../etc/passwd", []],
])("for %s", (_, name, nearest) => {
  expect(nearestNames(name, NAMES)).toEqual(nearest);
});

test("it stays quick with as many names as anybody hosts", () => {
  const names = Array.from(
    { length: 5_000 },
    (_, at) => `extension-with-a-long-name-${at.toString(36).padStart(4, "x")}`,
  );
  expect(nearestNames("extension-with-a-lnog-name-xxx1", names)).toHaveLength(3);
});
