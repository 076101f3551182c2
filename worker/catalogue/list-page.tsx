/** The front page: all extensions, to be searched, filtered and sorted. */
import type { Child } from "hono/jsx";
import { ARCHES, EXTENSION_KINDS, type RecentRelease } from "../../schema/index.ts";
import { type Finding, SORTS, sizeOf, textOf } from "./finding.ts";
import { dayOf, formatSize, verificationOf } from "./format.ts";
import type { Listed } from "./reader.ts";

const MAX_NEWS = 5;

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
      <div class="front">
        <div>
          <h1>System extensions</h1>
          <p class="lede">
            Images that <code>systemd-sysext</code> merges into <code>/usr</code> and <code>/opt</code>, and that{" "}
            <code>systemd-sysupdate</code> installs and updates from <code>{origin}/extensions/</code>. The indexes are{" "}
            {isSigned ? <a href="/keys/import-pubring.gpg">signed</a> : "not signed"}.
          </p>
        </div>
        {recent.length > 0 && <News recent={recent} />}
      </div>
      <FindForm finding={finding} />
      <p class="count" role="status">
        <span data-count>{found.length}</span> of {all.length} extensions
      </p>
      <table class="list" data-all={all.length}>
        <caption class="unseen">Extensions, {SORTS[finding.sort]}</caption>
        <thead>
          <tr>
            <Column order={finding.sort === "name" ? "ascending" : undefined}>Extension</Column>
            <Column>What it is</Column>
            <Column>Newest version</Column>
            <Column order={finding.sort === "newest" ? "descending" : undefined}>Published</Column>
            <Column order={finding.sort === "size" ? "descending" : undefined} isNumber>
              Size
            </Column>
            <Column>For</Column>
            <Column>Verified by</Column>
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
    </>
  );
}

interface ColumnProps {
  readonly order?: "ascending" | "descending" | undefined;
  readonly isNumber?: boolean;
  readonly children?: Child;
}

function Column({ order, isNumber = false, children }: ColumnProps) {
  return (
    <th scope="col" aria-sort={order} class={isNumber ? "number" : undefined}>
      {children}
    </th>
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
        <button type="submit" class="without-script">
          Show
        </button>
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
      <th scope="row" class="name">
        <a href={`/catalogue/${extension}`}>{extension}</a>
      </th>
      <td class="what">{description}</td>
      <td>{version}</td>
      <td class="nowrap">{publishedAt && dayOf(publishedAt)}</td>
      <td class="number">{size > 0 && formatSize(size)}</td>
      <td class="nowrap">{arches.join(" ")}</td>
      <td>{verificationOf(verifiedBy)}</td>
    </tr>
  );
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
            </a>
            <span class="soft">{yanked === undefined ? dayOf(publishedAt) : `withdrawn ${dayOf(yanked.at)}`}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
