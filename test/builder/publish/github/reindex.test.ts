/** Metadata on GitHub that is made anew from the releases. */
import { describe, expect, it } from "vitest";
import { SigningKey } from "../../../../builder/signing/signing-key.ts";
import { parseInventory } from "../../../../schema/index.ts";
import { REPOSITORY } from "../../../support/upstreams/github-releases.ts";
import { conf, type GithubSite, using } from "./site.ts";

describe("reindex on GitHub", () => {
  const reindex = ({ workplace, github }: GithubSite) =>
    workplace.run(["reindex", "tool", "--to", `github:${REPOSITORY}`], github.env);

  it.each([true, false])("makes metadata from all releases, whatever it says; digests stated: %s", (hasDigest) =>
    using(async (site) => {
      site.addReference(["1.10.0", "1.2.0"], { hasDigest });
      for (let at = 0; at < 120; at += 1) site.github.repository.add(`other-1.0.${at}`, {});
      for (const asset of site.github.repository.find("tool")?.assets ?? []) asset.bytes = Buffer.from("damaged");
      expect((await reindex(site)).stdout.split("\n").sort()).toEqual([
        "",
        "/extensions/tool.conf",
        "/extensions/tool/SHA256SUMS",
        "/extensions/tool/releases.json",
      ]);
      expect(await site.versions()).toEqual(["tool-1.10.0", "tool-1.2.0"]);
      expect((await site.github.download("tool/tool.conf"))?.toString()).toBe(conf("1.10.0"));
      expect(parseInventory((await site.github.download("tool/releases.json"))?.toString()).releases).toHaveLength(2);
      expect((await reindex(site)).stdout).toBe("the indexes say so already\n");
      // From now on the inventory has all, and goes along.
      await site.publish(await site.release("2.0.0"));
      expect(parseInventory((await site.github.download("tool/releases.json"))?.toString()).releases).toHaveLength(3);
    }),
  );

  it("forgets what is gone, and keeps who has signed what", () =>
    using(async (site) => {
      const key = await SigningKey.open(await SigningKey.generate({ name: "x", email: "x@example.org" }));
      site.signing = { key, trusted: key.keyring };
      for (const version of ["1.0.0", "1.2.0"]) await site.publish(await site.release(version));
      site.github.repository.releases = site.github.repository.releases.filter(
        ({ tag }) => tag !== "tool-1.0.0" && tag !== "tool",
      );
      await site.publisher().reindex("tool");
      expect(await site.versions("SHA256SUMS")).toEqual(["tool-1.2.0"]);
      const { releases } = parseInventory((await site.github.download("tool/releases.json"))?.toString());
      const line = await site.index("tool-1.2.0");
      expect(await key.keyring.verify(line, releases[0]?.signature ?? "")).toBe(true);
      expect(await site.publisher().reindex("tool")).toEqual([]);
    }));

  it("of what is not published is an error", () =>
    using(async (site) => {
      expect(await reindex(site)).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("nothing is published"),
      });
    }));
});
