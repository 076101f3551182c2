/** The front page: all extensions, to be searched, filtered and sorted. */
import { ARCHES, EXTENSION_KINDS, type RecentRelease } from "../../schema/index.ts";
import { type Finding, SORTS, sizeOf, textOf } from "./finding.ts";
import { dayOf, formatSize, VERIFIED_BY } from "./format.ts";
import type { Listed } from "./reader.ts";

const MAX_NEWS = 6;

export interface ListPageProps {
  readonly origin: string;
  readonly all: readonly Listed[];
  readonly found: readonly Listed[];
  readonly finding: Finding;
  readonly recent: readonly RecentRelease[];
  readonly isSigned: boolean;
}

export function ListPage({ origin, all, found, finding, recent, isSigned }: ListPageProps) {
  return (
    <>
      <h1>System extensions</h1>
      <p class="lede">
        Images that <code>systemd-sysext</code> merges into <code>/usr</code> and <code>/opt</code>, and that{" "}
        <code>systemd-sysupdate</code> installs and updates from <code>{origin}/extensions/</code>. The indexes are{" "}
        {isSigned ? <a href="/keys/import-pubring.gpg">signed</a> : "not signed"}.
      </p>
      <FindForm finding={finding} />
      <table class="list cards">
        <caption>
          <span data-count>{found.length}</span> of {all.length} extensions
        </caption>
        <thead>
          <tr>
            <th scope="col">Extension</th>
            <th scope="col">Newest version</th>
            <th scope="col" class="number">
              Size
            </th>
            <th scope="col">Architectures</th>
            <th scope="col">Verified by</th>
          </tr>
        </thead>
        <tbody>
          {found.map((listed) => (
            <Row listed={listed} />
          ))}
        </tbody>
      </table>
      {found.length === 0 && (
        <p>
          Nothing fits. <a href="/">All extensions</a>
        </p>
      )}
      {recent.length > 0 && <News recent={recent} />}
    </>
  );
}

function FindForm({ finding }: { readonly finding: Finding }) {
  const { q, kind, arch, sort } = finding;
  return (
    <search>
      <form class="find" method="get" action="/">
        <label>
          Search
          <input type="search" name="q" value={q} autocomplete="off" />
        </label>
        <Choice label="Kind" name="kind" values={EXTENSION_KINDS} chosen={kind} />
        <Choice label="Architecture" name="arch" values={ARCHES} chosen={arch} />
        <label>
          Order
          <select name="sort">
            {Object.entries(SORTS).map(([value, label]) => (
              <option value={value} selected={value === sort}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">Show</button>
      </form>
    </search>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly name: string;
  readonly values: readonly string[];
  readonly chosen: string | undefined;
}

function Choice({ label, name, values, chosen }: ChoiceProps) {
  return (
    <label>
      {label}
      <select name={name}>
        <option value="">any</option>
        {values.map((value) => (
          <option value={value} selected={value === chosen}>
            {value}
          </option>
        ))}
      </select>
    </label>
  );
}

function Row({ listed }: { readonly listed: Listed }) {
  const { extension, version, publishedAt, description, kind, arches, verifiedBy } = listed;
  const size = sizeOf(listed);
  return (
    <tr data-text={textOf(listed)} data-kind={kind} data-arches={arches.join(" ")}>
      <th scope="row">
        <a href={`/catalogue/${extension}`}>{extension}</a>
        {description && <span class="about">{description}</span>}
      </th>
      <td data-label="Newest:">
        {version}
        {publishedAt && <span class="about">{dayOf(publishedAt)}</span>}
      </td>
      <td data-label="Size:" class="number">
        {size > 0 ? formatSize(size) : "unknown"}
      </td>
      <td data-label="For:">{arches.join(", ")}</td>
      <td data-label="Verified by:">{verificationOf(verifiedBy)}</td>
    </tr>
  );
}

function verificationOf(verifiedBy: Listed["verifiedBy"]): string {
  if (verifiedBy === undefined) return "unknown";
  return verifiedBy.map((how) => VERIFIED_BY[how]).join(", ") || "nothing is downloaded";
}

function News({ recent }: { readonly recent: readonly RecentRelease[] }) {
  return (
    <section aria-labelledby="news">
      <h2 id="news">Newest releases</h2>
      <ul class="news">
        {recent.slice(0, MAX_NEWS).map(({ extension, version, publishedAt, yanked }) => (
          <li>
            <a href={`/catalogue/${extension}/${encodeURIComponent(version)}`}>
              {extension} {version}
            </a>{" "}
            <span class="soft">{yanked === undefined ? dayOf(publishedAt) : `withdrawn ${dayOf(yanked.at)}`}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
