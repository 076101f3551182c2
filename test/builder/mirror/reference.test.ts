/** Mirrors of the reference's server, which redirects to GitHub, and to a website what it does not know. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { parsePublicPath, storageKey } from "../../../schema/index.ts";
import { Workplace } from "../../support/bakery.ts";
import { sha256 } from "../../support/sha256.ts";
import { FakeGitHub } from "../../support/upstreams/github.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";

const FILE = "kubernetes-v1.34.1-x86-64.raw";
const LINE = `${sha256("image")}  ${FILE}\n`;
const confOf = (pattern: string) =>
  `# made by a script\n[Transfer]\nVerify=false\n[Source]\nType=url-file\nPath=https://extensions.flatcar.org/extensions/kubernetes/\nMatchPattern=${pattern}\n[Target]\nType=regular-file\nPath=/opt/extensions/kubernetes\n`;

it("has its images, indexes and transfer files as they are, also those that stay within a minor series", async () => {
  await using workplace = await Workplace.inMemory();
  const github = new FakeGitHub();
  const confs = {
    "kubernetes.conf": confOf("kubernetes-@v-%a.raw"),
    "kubernetes-v1.34.conf": confOf("kubernetes-v1.34.@v-%a.raw"),
  };
  github.publish(
    "flatcar/sysext-bakery",
    { tag: "kubernetes-v1.34.1", assets: { SHA256SUMS: LINE, [FILE]: "image", ...confs } },
    { tag: "kubernetes", assets: { SHA256SUMS: LINE, ...confs } },
    { tag: "SHA256SUMS", assets: { SHA256SUMS: LINE } },
  );
  await using internet = await Mirror.open({
    ...github.hosts,
    "extensions.flatcar.org": ({ url }) => {
      const path = parsePublicPath(new URL(url).pathname);
      // Its rules for images, transfer files and indexes are ours; of the rest it knows nothing.
      const isKnown = path !== undefined && ["image", "transfer", "index"].includes(path.kind) && !("series" in path);
      const location = isKnown
        ? `https://github.com/flatcar/sysext-bakery/releases/download/${storageKey(path.at)}`
        : `https://flatcar.github.io/sysext-bakery${new URL(url).pathname}`;
      return new Response(null, { status: 302, headers: { location } });
    },
    "flatcar.github.io": () => new Response("404\n", { status: 404 }),
  });
  const env = { BAKERY_MIRROR: internet.url };
  const args = ["mirror", "https://extensions.flatcar.org", "site"];
  expect(await workplace.run(args, env)).toMatchObject({
    exitCode: 0,
    stderr: "• Mirroring                     1 of 1 extensions\n",
  });
  const read = (path: string) => readFile(workplace.file(`site/extensions/${path}`), "utf8");
  for (const index of ["SHA256SUMS", "kubernetes/SHA256SUMS"]) expect(await read(index)).toBe(LINE);
  expect(await read(`kubernetes/${FILE}`)).toBe("image");
  for (const path of ["kubernetes.conf", "kubernetes-v1.34.1/kubernetes.conf"]) {
    expect(await read(path)).toBe(confs["kubernetes.conf"]);
  }
  expect(await read("kubernetes/kubernetes-v1.34.conf")).toBe(confs["kubernetes-v1.34.conf"]);

  internet.arrivals.length = 0;
  expect(await workplace.run(args, env)).toMatchObject({ exitCode: 0 });
  expect(internet.arrivals.map(({ path }) => path)).toEqual([
    "extensions.flatcar.org/extensions/SHA256SUMS",
    "github.com/flatcar/sysext-bakery/releases/download/SHA256SUMS/SHA256SUMS",
    "objects.githubusercontent.com/flatcar/sysext-bakery/SHA256SUMS/SHA256SUMS",
  ]);
});
