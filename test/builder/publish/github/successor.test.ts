/** Which of the drafts that killed runs have left counts. */
import { expect, it } from "vitest";
import type { GithubRelease } from "../../../../builder/publish/github/answers.ts";
import { lastSuccessor, successorTitle } from "../../../../builder/publish/github/successor.ts";

function draft(id: number, from: number, states: readonly string[] = ["uploaded", "uploaded"]): GithubRelease {
  const name = successorTitle("tool", { from, files: 2 });
  const assets = states.map((state, at) => ({ id: 10 * id + at, name: `file-${at}`, state, size: 1 }));
  return { id, tag_name: "tool", name, draft: true, upload_url: "", assets };
}

it("the one made from the newest release counts, though another one was begun later", () => {
  expect(lastSuccessor("tool", [draft(21, 7), draft(20, 12), draft(9, 2)])?.id).toBe(20);
});

it.each([
  ["that lacks a file", draft(30, 12, ["uploaded"])],
  ["with half of a file", draft(30, 12, ["uploaded", "starter"])],
  ["of another release", { ...draft(30, 12), tag_name: "other" }],
  ["that people have made", { ...draft(30, 12), name: "tool" }],
  ["that is published", { ...draft(30, 12), draft: false }],
])("one %s does not", (_, other) => {
  expect(lastSuccessor("tool", [other, draft(20, 7)])?.id).toBe(20);
});
