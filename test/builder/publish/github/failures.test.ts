/** Publishing while GitHub fails, refuses, or has what it should not have. */
import { json } from "itty-router";
import { describe, expect, it } from "vitest";
import { openRelease } from "../../../../builder/publish/publisher.ts";
import { REPOSITORY, TOKEN } from "../../../support/upstreams/github-releases.ts";
import { using } from "./site.ts";

const UPLOAD = (file: string) => new RegExp(`^POST /api/uploads/.*name=${file}`);

describe("while GitHub fails", () => {
  it.each([
    ["a 502 that leaves half an asset", "starter"],
    ["other bytes than were sent", "garbled"],
    ["an answer that is lost", "lost"],
    ["a 500", 500],
  ] as const)("%s is made good, for each upload", (_, fault) =>
    using(async (site) => {
      for (const file of ["tool-1.0.0-x86-64.raw", "release.json", "SHA256SUMS", "releases.json"])
        site.github.fail(UPLOAD(file), fault);
      await site.publish(await site.release("1.0.0"));
      expect(await site.checkIndexes()).toEqual([]);
      expect(site.github.repository.releases.filter(({ draft }) => draft)).toEqual([]);
    }),
  );

  it.each(["GET", "POST .*/releases$", "PATCH", "DELETE"])("answers to %s that are lost are made good", (request) =>
    using(async (site) => {
      await site.publish(await site.release("1.0.0"));
      for (let times = 0; times < 2; times += 1) site.github.fail(new RegExp(`^${request}`), "lost");
      await site.publish(await site.release("1.2.0"));
      expect(await site.checkIndexes()).toEqual([]);
      expect(await site.versions("SHA256SUMS")).toEqual(["tool-1.2.0", "tool-1.0.0"]);
      expect(site.github.repository.releases.filter(({ tag }) => tag === "tool-1.2.0")).toHaveLength(1);
    }),
  );

  it("secondary limits are waited out, for writes too", () =>
    using(async (site) => {
      const message = json({ message: "You have exceeded a secondary rate limit" }, { status: 403 });
      site.github.fail(/^POST .*releases$/, () => message);
      site.github.fail(UPLOAD("tool.conf"), () => new Response("{}", { status: 429, headers: { "retry-after": "7" } }));
      await site.publish(await site.release("1.0.0"));
      expect(site.waits).toEqual([60_000, 7_000]);
    }));

  it("a limit that is used up is an error that says until when, and the next run goes on", () =>
    using(async (site) => {
      const path = await site.release("1.0.0");
      const reset = Math.ceil(Date.now() / 1000) + 3_600;
      site.github.limit = { remaining: 8, reset };
      const until = new Date(reset * 1000).toISOString();
      await expect(site.publish(path)).rejects.toThrow(`rate limit used up until ${until}`);
      site.github.limit = undefined;
      await site.publish(path);
      expect(await site.checkIndexes()).toEqual([]);
    }));

  it("a token without rights is told what it lacks, and never shown", () =>
    using(async (site) => {
      const path = await site.release("1.0.0");
      const publish = (token: string) =>
        site.workplace.run(["publish", path, "--to", `github:${REPOSITORY}`], {
          ...site.github.env,
          GITHUB_TOKEN: token,
        });
      const wrong = await publish("ghs_secret");
      expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringContaining("permissions: contents: write")]);
      expect(wrong.stderr).not.toContain("ghs_secret");
      site.github.mayWrite = false;
      expect((await publish(TOKEN)).stderr).toContain(`does not let the token publish to ${REPOSITORY}`);
      expect(await publish("")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("no token for github:") });
      expect(site.github.repository.releases).toEqual([]);
    }));

  it.each([-20, 20])("a clock that is %i days off signs nothing, and nothing is sent", (days) =>
    using(async (site) => {
      site.github.ahead = days * 24 * 3_600_000;
      const path = await site.release("1.0.0");
      await site.sign();
      await expect(site.publish(path)).rejects.toThrow("this machine's clock is wrong");
      expect(site.github.repository.releases).toEqual([]);
      site.signing = undefined;
      await site.publish(path);
      expect(await site.checkIndexes()).toEqual([]);
    }),
  );

  it("uploads to a strange server are refused, for that would get the token", () =>
    using(async (site) => {
      site.github.strayUploads = "https://uploads.example.org";
      await expect(site.publish(await site.release("1.0.0"))).rejects.toThrow("uploaded to another server");
    }));

  it("what is too large for GitHub is refused before anything is sent", () =>
    using(async (site) => {
      const path = await site.release("1.0.0");
      const release = await openRelease(path);
      const images = release.manifest.images.map((image) => ({ ...image, size: 2 * 1024 ** 3 }));
      const large = { ...release, manifest: { ...release.manifest, images } };
      await expect(site.publisher().publish(large)).rejects.toThrow("tool-1.0.0-x86-64.raw is too large for GitHub");
      expect(site.github.take()).toEqual([]);
    }));

  it("metadata that is damaged or immutable is an error, and nothing is sent", () =>
    using(async (site) => {
      site.github.repository.add("tool", { SHA256SUMS: "not an index\n" });
      await expect(site.publish(await site.release("1.0.0"))).rejects.toThrow("invalid SHA256SUMS");
      site.github.repository.releases = [];
      await site.publish(await site.release("1.0.0"));
      site.github.repository.isImmutable = true;
      await expect(site.publish(await site.release("1.2.0"))).rejects.toThrow("the release tool is immutable");
      expect(site.github.repository.find("tool-1.2.0")).toBeUndefined();
    }));

  it("a signed bakery is not published to without a key", () =>
    using(async (site) => {
      await site.sign();
      await site.publish(await site.release("1.0.0"));
      expect(site.github.repository.files("keys")).toEqual(["import-pubring.gpg", "import-pubring.pgp"]);
      site.signing = undefined;
      await expect(site.publish(await site.release("1.2.0"))).rejects.toThrow("there is no key to sign the next one");
    }));
});
