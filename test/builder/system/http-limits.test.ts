/** Rate limits: those that end soon are waited out, and the story says so; of others the error says until when. */
import { describe, expect, it } from "vitest";
import { Http } from "../../../builder/system/http.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";

const GITHUB = "https://api.github.com/repos/a/b/tags";
const NOW = Date.UTC(2026, 0, 1);
const SECOND = 1_000;

/** A server that answers as told, in turn, and then as it should; time passes when it is asked to. */
async function open(...answers: { status: number; headers?: Record<string, string> }[]) {
  const host = () => {
    const { status, headers = {} } = answers.shift() ?? { status: 200 };
    // Node's own date would be another one.
    return new Response("content", { status, headers: { date: new Date(NOW).toUTCString(), ...headers } });
  };
  const mirror = await Mirror.open({ "api.github.com": host, "files.example": host });
  const waits: number[] = [];
  const story: string[] = [];
  const http = new Http({
    mirror: mirror.url,
    retryDelay: 1,
    onWait: (line) => story.push(line),
    sleep: async (milliseconds) => void waits.push(milliseconds),
  });
  return { mirror, http, waits, story, [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose]() };
}

const secondary = (seconds: number) => ({ status: 403, headers: { "retry-after": String(seconds) } });
const primary = (seconds: number) => ({
  status: 403,
  headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW / SECOND + seconds) },
});

describe("a rate limit that ends soon is waited out, and the story says so", () => {
  it.each([
    ["secondary", secondary(40), GITHUB, "GitHub's rate limit is used up: waiting 40 s"],
    ["primary, by the server's clock", primary(40), GITHUB, "GitHub's rate limit is used up: waiting 40 s"],
    [
      "of another server",
      { status: 429, headers: { "retry-after": "40" } },
      "https://files.example/a",
      "the rate limit of files.example is used up: waiting 40 s",
    ],
    [
      "of a server that is busy",
      { status: 503, headers: { "retry-after": "40" } },
      "https://files.example/a",
      "files.example is busy: waiting 40 s",
    ],
  ])("%s", async (_, answer, url, line) => {
    await using at = await open(answer);
    expect((await at.http.read(url)).text).toBe("content");
    expect({ waits: at.waits, story: at.story }).toEqual({ waits: [40 * SECOND], story: [line] });
  });

  it("once, for requests that wait at the same time", async () => {
    await using at = await open(secondary(40), secondary(40));
    await Promise.all([at.http.read(GITHUB), at.http.read(GITHUB)]);
    expect(at.waits).toHaveLength(2);
    expect(at.story).toHaveLength(1);
  });

  it("and nothing is said of a moment", async () => {
    await using at = await open(secondary(0), primary(-5));
    await at.http.read(GITHUB);
    expect({ waits: at.waits, story: at.story }).toEqual({ waits: [0, 0], story: [] });
  });
});

describe("a rate limit that does not end soon is an error that says until when, and what lifts it", () => {
  const hint = expect.stringContaining("GITHUB_TOKEN");

  it("primary", async () => {
    await using at = await open(primary(91));
    const message = `rate limit used up until ${new Date(NOW + 91 * SECOND).toISOString()}`;
    await expect(at.http.read(GITHUB)).rejects.toMatchObject({ message, hint });
    expect(at.waits).toEqual([]);
    expect(at.mirror.arrivals).toHaveLength(1);
  });

  it("secondary", async () => {
    await using at = await open(secondary(91));
    const message = expect.stringMatching(/^rate limit used up until 20\d\d-\d\d-\d\dT/);
    await expect(at.http.read(GITHUB)).rejects.toMatchObject({ message, hint });
    expect(at.waits).toEqual([]);
  });

  it("several short ones together", async () => {
    await using at = await open(secondary(50), secondary(50));
    await expect(at.http.read(GITHUB)).rejects.toThrow("rate limit used up");
    expect(at.waits).toEqual([50 * SECOND]);
  });

  it.each(["never", "99999999999999999", "-1", ""])("nor one that ends at %j", async (reset) => {
    await using at = await open({ status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset } });
    await expect(at.http.read(GITHUB)).rejects.toThrow(/^rate limit used up$/);
    expect(at.waits).toEqual([]);
  });
});

it("a wait ends at once when the run does", async () => {
  await using at = await open(secondary(60));
  const http = new Http({ mirror: at.mirror.url, signal: AbortSignal.timeout(100) });
  const begun = performance.now();
  await expect(http.read(GITHUB)).rejects.toThrow();
  expect(performance.now() - begun).toBeLessThan(30 * SECOND);
});
