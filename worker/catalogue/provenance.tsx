/** What a release was made from, who vouches for it, and who published it. */
import { BUILD_LOG_FILE, type ReleaseManifest, releaseName } from "../../schema/index.ts";
import { formatSize, VERIFIED_BY } from "./format.ts";

export function Provenance({ manifest }: { readonly manifest: ReleaseManifest }) {
  const { provenance, publisher } = manifest;
  const folder = `/extensions/${releaseName(manifest)}`;
  return (
    <>
      <p>{publisherOf(publisher)}</p>
      {provenance.imported && <p>Imported from {provenance.imported.from}: how it was made is not known.</p>}
      {provenance.downloads.length > 0 && (
        <section class="scroll" aria-label="Downloads" tabindex={0}>
          <table>
            <caption class="unseen">What was downloaded to make it</caption>
            <thead>
              <tr>
                <th scope="col">Download</th>
                <th scope="col">Verified by</th>
                <th scope="col" class="number">
                  Size
                </th>
              </tr>
            </thead>
            <tbody>
              {provenance.downloads.map(({ url, verifiedBy, reason, size }) => (
                <tr>
                  <td class="hash">{url}</td>
                  <td>
                    {VERIFIED_BY[verifiedBy]}
                    {reason && <span class="about">{reason}</span>}
                  </td>
                  <td class="number">{formatSize(size)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <p>
        <a href={`${folder}/release.json`}>Release manifest</a>, <a href={`${folder}/sbom.cdx.json`}>SBOM</a>,{" "}
        <a href={`${folder}/provenance.intoto.json`}>provenance statement</a>,{" "}
        <a href={`${folder}/${BUILD_LOG_FILE}`}>build log</a>
      </p>
    </>
  );
}

function publisherOf(publisher: ReleaseManifest["publisher"]) {
  if (publisher === undefined) return "Nobody has said who published it.";
  if (publisher.kind === "token") return "Published by hand, with a token.";
  const { repository, workflow, run } = publisher;
  return (
    <>
      Published by <a href={run}>a run</a> of <code>{workflow}</code> in {repository}.
    </>
  );
}
