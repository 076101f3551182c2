/** Feeds in Atom: RFC 4287. */
import { escapeMarkup, type Feed, type FeedEntry, IMAGE_MEDIA_TYPE } from "./feed.ts";

export function atomFeed({ title, author, home, urls, updated, entries }: Feed): string {
  const self = urls["atom-feed"];
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
${element("id", self)}
${element("title", title)}
${element("updated", updated)}
<author>${element("name", author)}${element("uri", home)}</author>
${link({ rel: "self", type: "application/atom+xml", href: self })}
${link({ rel: "alternate", type: "application/feed+json", href: urls["json-feed"] })}
${link({ rel: "alternate", type: "text/html", href: home })}
${entries.map(atomEntry).join("")}</feed>
`;
}

function atomEntry({ url, title, published, updated, summary, html, ...entry }: FeedEntry): string {
  const enclosures = entry.enclosures.map(({ url: href, size, file }) =>
    link({ rel: "enclosure", type: IMAGE_MEDIA_TYPE, length: String(size), title: file, href }),
  );
  const lines = [
    element("id", url),
    element("title", title),
    element("published", published),
    element("updated", updated),
    `<category${attributes({ term: entry.extension })}/>`,
    link({ rel: "alternate", type: "application/json", href: url }),
    link({ rel: "related", type: "text/plain", title: "transfer file", href: entry.transferUrl }),
    ...enclosures,
    element("summary", summary),
    `<content type="html">${escapeMarkup(html)}</content>`,
  ];
  return `<entry>\n${lines.join("\n")}\n</entry>\n`;
}

function element(name: string, text: string): string {
  return `<${name}>${escapeMarkup(text)}</${name}>`;
}

function link(fields: Readonly<Record<string, string>>): string {
  return `<link${attributes(fields)}/>`;
}

function attributes(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, text]) => ` ${name}="${escapeMarkup(text)}"`)
    .join("");
}
