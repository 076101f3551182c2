/** Redirects name GitHub's file, whatever is in the names. */
import { expect, test } from "vitest";
import { GithubStore } from "../../../worker/stores/github-store.ts";

const store = new GithubStore({
  serverUrl: "https://github.example",
  apiUrl: "https://api.github.example",
  repository: "o/r",
});
const location = async (release: string, file: string) => (await store.open({ release, file }))?.location;

test.each([
  ["k3s-v1.32.2+k3s1", "k3s.conf", "k3s-v1.32.2+k3s1/k3s.conf"],
  ["a b", "ü.conf", "a%20b/%C3%BC.conf"],
  ["a?b", "c#d.conf", "a%3Fb/c%23d.conf"],
  ["a%2Bb", "c.conf", "a%252Bb/c.conf"],
  ["a\r\nb", "c.conf", "a%0D%0Ab/c.conf"],
])("%j/%j becomes %s", async (release, file, path) => {
  expect(await location(release, file)).toBe(`https://github.example/o/r/releases/download/${path}`);
});

test.each([".", ".."])("the release %j, which a client would resolve, is not there", async (release) => {
  expect(await location(release, "x.conf")).toBeUndefined();
});
