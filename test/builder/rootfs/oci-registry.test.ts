/** Images that skopeo has pushed to a real registry, pulled from there. */
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loginsFrom } from "../../../builder/rootfs/oci/credentials.ts";
import { resolveImage } from "../../../builder/rootfs/oci/resolve.ts";
import { run } from "../../../builder/system/run.ts";
import { digestOf, ociImage, ociIndex } from "../../support/oci-image.ts";
import { Registry, USER } from "../../support/registry.ts";
import { describeWhere } from "../../support/requirements.ts";
import { archive, entry, link } from "../../support/tar-archive.ts";
import { Pulling } from "./pulling.ts";

const lack = await Promise.all([run("docker-registry", ["--version"]), run("skopeo", ["--version"])]).then(
  () => undefined,
  (error: Error) => error.message,
);

const IMAGES = ["amd64", "arm64"].map((architecture) =>
  ociImage({
    architecture,
    ...(architecture === "arm64" && { variant: "v8" }),
    compression: ["gzip", "zstd", "none"],
    config: {
      Env: ["PATH=/bin", `ARCH=${architecture}`],
      Cmd: ["sh"],
      Entrypoint: ["/init"],
      WorkingDir: "/srv",
      User: "7:8",
    },
    layers: [
      [
        entry({ path: "usr/bin/", type: "Directory", mode: 0o755 }),
        link("bin", "usr/bin"),
        entry({ path: "etc/gone" }, "x"),
      ],
      [entry({ path: "bin/tool", mode: 0o755 }, architecture), entry({ path: "etc/.wh.gone" })],
      [link("usr/bin/same", "usr/bin/tool", "Link")],
    ],
  }),
);
const INDEX = ociIndex(IMAGES);
const TREE = { bin: "-> usr/bin", etc: "/", usr: "/", "usr/bin": "/" };

describeWhere(lack, "a registry's image", () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await Registry.open();
    await registry.push(INDEX, "org/tool:1");
    const gzipped = ociIndex(
      ["amd64", "arm64"].map((architecture) =>
        ociImage({ architecture, layers: [[entry({ path: "x" }, architecture)]] }),
      ),
    );
    await registry.push(gzipped, "org/docker:1", "v2s2");
    const [arm] = [...IMAGES].reverse();
    if (arm !== undefined) await registry.push(arm, "org/arm:1");
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  it.each([
    ["x86-64", "amd64"],
    ["arm64", "arm64"],
  ] as const)("is pulled for %s, with how it wants to be run and all that was downloaded", async (arch, goArch) => {
    await using at = await Pulling.open();
    const pulled = await at.pull(`${registry.host}/org/tool:1`, { arch });
    expect(await at.tree()).toEqual({ ...TREE, "usr/bin/tool": goArch, "usr/bin/same": goArch });
    expect((await stat(`${at.folder}/usr/bin/same`)).nlink).toBe(2);
    expect(await at.beside()).toEqual([]);

    const image = IMAGES[goArch === "amd64" ? 0 : 1];
    expect(pulled).toMatchObject({
      reference: `${registry.host}/org/tool@${INDEX.top.digest}`,
      digest: image?.top.digest,
      config: {
        architecture: arch,
        env: ["PATH=/bin", `ARCH=${goArch}`],
        entrypoint: ["/init"],
        cmd: ["sh"],
        workingDir: "/srv",
        user: "7:8",
      },
    });
    const url = `http://${registry.host}/v2/org/tool`;
    expect(pulled.downloads.map((one) => one.url)).toEqual([
      `${url}/manifests/${INDEX.top.digest}`,
      `${url}/manifests/${image?.top.digest}`,
      expect.stringContaining(`${url}/blobs/sha256:`),
      ...(image?.layers ?? []).map(({ digest }) => `${url}/blobs/${digest}`),
    ]);
    for (const download of pulled.downloads) {
      expect(download.url.endsWith(`sha256:${download.sha256}`)).toBe(true);
      expect(download.size).toBe(INDEX.blobs.get(`sha256:${download.sha256}`)?.length);
    }
  });

  it("is found by its digest, and stays the same when the tag moves", async () => {
    await using at = await Pulling.open();
    const reference = `${registry.host}/org/tool:other@${INDEX.top.digest}`;
    await at.pull(reference);
    expect((await at.tree())["usr/bin/tool"]).toBe("amd64");
    await expect(at.pull(`${registry.host}/org/tool@${digestOf("x")}`, {}, at.workplace.file("b"))).rejects.toThrow(
      `${registry.host} has no org/tool with ${digestOf("x")}`,
    );
  });

  it("is resolved without a layer", async () => {
    await using at = await Pulling.open();
    const resolved = await resolveImage(`${registry.host}/org/tool:1`, { arch: "arm64", kitchen: at.kitchen() });
    expect(resolved).toMatchObject({
      digest: IMAGES[1]?.top.digest,
      reference: `${registry.host}/org/tool@${INDEX.top.digest}`,
    });
    expect(resolved.layers.map(({ digest }) => digest)).toEqual(IMAGES[1]?.layers.map(({ digest }) => digest));
    expect(await readdir(`${at.workplace.cache}/files`)).toHaveLength(3);
  });

  it("with Docker's own manifests is the same", async () => {
    await using at = await Pulling.open();
    const { downloads } = await at.pull(`${registry.host}/org/docker:1`, { arch: "arm64" });
    expect(await at.tree()).toEqual({ x: "arm64" });
    const [list, manifest] = await Promise.all(
      downloads.slice(0, 2).map(({ sha256 }) => readFile(`${at.workplace.cache}/files/sha256-${sha256}`, "utf8")),
    );
    expect(list).toContain("application/vnd.docker.distribution.manifest.list.v2+json");
    expect(manifest).toContain("application/vnd.docker.image.rootfs.diff.tar.gzip");
  });

  it("that was pulled before needs no network", async () => {
    await using at = await Pulling.open();
    const reference = `${registry.host}/org/tool:1`;
    await expect(at.pull(reference, { offline: true })).rejects.toThrow("is not in the download cache");
    const before = await at.pull(reference);
    await using closed = await Registry.open();
    await closed[Symbol.asyncDispose]();
    const again = await at.pull(reference, { offline: true }, at.workplace.file("again"));
    expect(again).toEqual(before);
  });

  it("of one architecture is not taken for another one", async () => {
    await using at = await Pulling.open();
    await expect(at.pull(`${registry.host}/org/arm:1`)).rejects.toMatchObject({
      message: `${registry.host}/org/arm:1 is not there for linux/amd64`,
      details: { there: "linux/arm64" },
    });
    await at.pull(`${registry.host}/org/arm:1`, { arch: "arm64" });
  });

  it("that is not there is said by name and tag", async () => {
    await using at = await Pulling.open();
    await expect(at.pull(`${registry.host}/org/tool:2`)).rejects.toThrow(`${registry.host} has no org/tool with tag 2`);
    await expect(at.pull(`${registry.host}/org/none`)).rejects.toThrow(
      `${registry.host} has no org/none with tag latest`,
    );
    expect(await at.beside()).toEqual([]);
  });

  it("is the tree that tar makes of its layers", async () => {
    await using at = await Pulling.open();
    await run("cp", ["-a", "/etc/ssl", "/etc/alternatives", at.workplace.path]);
    const tar = at.workplace.file("layer.tar");
    await run("tar", ["-C", at.workplace.path, "-cf", tar, "ssl", "alternatives"]);
    await registry.push(ociImage({ layers: [await readFile(tar)] }), "org/etc:1");
    await at.pull(`${registry.host}/org/etc:1`);
    const listed = async (folder: string) =>
      (await run("find", [folder, "-mindepth", "2", "-printf", "%P %y %m %U:%G %s %T@ %l\n"])).split("\n").sort();
    await run("sh", ["-c", 'cd "$0" && mkdir plain && tar -xf layer.tar -C plain', at.workplace.path]);
    const ours = await listed(at.folder);
    expect(ours.length).toBeGreaterThan(10);
    // A folder's own size is the file system's affair.
    const plain = (lines: string[]) => lines.map((line) => line.replace(/^(.* d .*) [0-9]+ ([0-9.]+ )$/, "$1 $2"));
    expect(plain(ours)).toEqual(plain(await listed(at.workplace.file("plain"))));
    await run("diff", ["-r", "--no-dereference", at.folder, at.workplace.file("plain")]);
  });
});

describeWhere(lack, "a registry with a login", () => {
  it("gives to who has one, and to nobody else; the password is in no error", async () => {
    await using registry = await Registry.open({ login: true });
    await registry.push(ociImage({ layers: [archive(entry({ path: "x" }, "x"))] }), "private/tool:1");
    const reference = `${registry.host}/private/tool:1`;
    await using at = await Pulling.open();
    await expect(at.pull(reference)).rejects.toMatchObject({ message: `${reference} wants a login` });

    const file = at.workplace.file("auth.json");
    const login = async (password: string) => {
      const auth = Buffer.from(`${USER.name}:${password}`).toString("base64");
      await writeFile(file, JSON.stringify({ auths: { [registry.host]: { auth } } }));
      return loginsFrom({ REGISTRY_AUTH_FILE: file });
    };
    const failure = await at
      .pull(reference, { logins: await login("wrong-password") })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      message: `${reference} wants a login`,
      hint: expect.stringContaining(`the login in ${file} is not enough`),
    });
    expect(JSON.stringify([failure, String(failure)])).not.toMatch(/wrong-password|d3Jvbmct/);

    await at.pull(reference, { logins: await login(USER.password) });
    expect(await at.tree()).toEqual({ x: "x" });
  });
});
