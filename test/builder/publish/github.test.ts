/** The github publisher: the reference's releases, whole at every moment but one request. */
import { parsePublicPath, storageKey } from "../../../schema/index.ts";
import { GithubStandIn, REPOSITORY } from "../../support/upstreams/github-releases.ts";
import { publisherContract } from "./publisher.contract.ts";

publisherContract("GitHub", async () => {
  const github = await GithubStandIn.open();
  const read = async (path: string) => {
    const found = parsePublicPath(path);
    return found && github.download(storageKey(found.at));
  };
  return { to: `github:${REPOSITORY}`, env: github.env, read };
});
