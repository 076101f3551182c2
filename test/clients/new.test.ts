/** New extensions, baked as `./bakery new` writes them, merged by the real systemd-sysext 254. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "../../builder/system/run.ts";
import { Workplace } from "../support/bakery.ts";
import { execute } from "../support/execute.ts";
import { mergingUnavailable, runMerged } from "../support/merged.ts";
import { describeWhere } from "../support/requirements.ts";
import { clientUnavailable, systemdClient } from "../support/systemd-client.ts";

/** @returns the image's path */
async function bakeNew(workplace: Workplace, ...args: string[]): Promise<string> {
  const env = { BAKERY_EXTENSIONS: workplace.file("extensions"), BAKERY_MIRROR: "http://127.0.0.1:9" };
  await mkdir(env.BAKERY_EXTENSIONS);
  expect(await workplace.run(["new", "hello", ...args], env)).toMatchObject({ exitCode: 0 });
  expect(await workplace.run(["create", "hello", "1.0.0"], env)).toMatchObject({ exitCode: 0, stdout: "hello.raw\n" });
  return workplace.file("hello.raw");
}

describeWhere((await mergingUnavailable()) ?? (await clientUnavailable()), "a new extension", () => {
  it.each([[[]], [["--service", "--description", "50% off"]]])(
    "with %j is merged, and its script runs",
    async (args) => {
      await using workplace = await Workplace.open();
      const image = await bakeNew(workplace, ...args);
      expect(
        await runMerged(await systemdClient(), { image, name: "hello", command: ["usr/bin/hello"] }),
      ).toMatchObject({
        exitCode: 0,
        extensions: ["hello"],
        stdout: "hello from hello\n",
        leftBehind: false,
      });
    },
  );

  it("with a service is upheld, by a unit that systemd accepts and whose program goes on running", async () => {
    await using workplace = await Workplace.open();
    const root = workplace.file("root");
    await run("unsquashfs", ["-quiet", "-no-progress", "-dest", root, await bakeNew(workplace, "--service")]);
    const units = join(root, "usr/lib/systemd/system");
    const dropIn = await readFile(join(units, "multi-user.target.d/10-hello.conf"), "utf8");
    expect(dropIn).toBe("[Unit]\nUpholds=hello.service\n");

    const unit = await readFile(join(units, "hello.service"), "utf8");
    const copy = workplace.file("hello.service");
    await writeFile(copy, unit.replace("/usr/bin/hello", join(root, "usr/bin/hello")));
    const verified = await execute("systemd-analyze", ["--man=no", "verify", copy]);
    expect(verified).toEqual({ exitCode: 0, stdout: "", stderr: "" });

    const [, command = ""] = /^ExecStart=\/(.*)$/m.exec(unit) ?? [];
    const started = await execute("timeout", ["0.5", ...join(root, command).split(" ")]);
    // timeout(1): 124 where it had to end it.
    expect(started).toEqual({ exitCode: 124, stdout: "hello from hello\n", stderr: "" });
  });
});
