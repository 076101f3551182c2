/** One document, beside all others. */
import { raw } from "hono/html";
import type { MarkdownHtml } from "../catalogue/markdown.ts";
import { DOCUMENTS, type Document, SHELVES } from "./documents.ts";

interface DocumentPageProps {
  readonly document: Document;
  readonly content: MarkdownHtml;
}

export function DocumentPage({ document, content }: DocumentPageProps) {
  const sections = content.headings.filter(({ level }) => level === 2);
  const at = DOCUMENTS.indexOf(document);
  const [before, after] = [DOCUMENTS[at - 1], DOCUMENTS[at + 1]];
  return (
    <div class="documents">
      <article>
        <h1>{document.title}</h1>
        {sections.length > 1 && (
          <nav aria-label="On this page">
            <ul class="jump">
              {sections.map(({ id, words }) => (
                <li>
                  <a href={`#${id}`}>{raw(words)}</a>
                </li>
              ))}
            </ul>
          </nav>
        )}
        <div class="document">{raw(content.html)}</div>
        <nav class="turn" aria-label="Before and after">
          {before && (
            <a rel="prev" href={`/docs/${before.name}`}>
              {before.title}
            </a>
          )}
          {after && (
            <a rel="next" href={`/docs/${after.name}`}>
              {after.title}
            </a>
          )}
        </nav>
      </article>
      <nav class="shelves" aria-label="Documentation">
        {SHELVES.map(({ title, documents }) => (
          <>
            <h2>{title}</h2>
            <ul>
              {documents.map(({ name, title }) => (
                <li>
                  <a href={`/docs/${name}`} aria-current={name === document.name ? "page" : undefined}>
                    {title}
                  </a>
                </li>
              ))}
            </ul>
          </>
        ))}
      </nav>
    </div>
  );
}

export function ShelvesPage() {
  return (
    <>
      <h1>Documentation</h1>
      <p class="lede">
        For those whose machines have extensions, those who host a bakery, and those who add an extension.
      </p>
      {SHELVES.map(({ title, documents }) => (
        <section class="part" aria-labelledby={idOf(title)}>
          <h2 id={idOf(title)}>{title}</h2>
          <dl class="shelf">
            {documents.map(({ name, title, about }) => (
              <>
                <dt>
                  <a href={`/docs/${name}`}>{title}</a>
                </dt>
                <dd>{about}</dd>
              </>
            ))}
          </dl>
        </section>
      ))}
    </>
  );
}

function idOf(title: string): string {
  return title.toLowerCase().replaceAll(" ", "-");
}
