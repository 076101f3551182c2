/** Feeds in JSON: https://www.jsonfeed.org/version/1.1/ */
import { type Feed, type FeedEntry, IMAGE_MEDIA_TYPE } from "./feed.ts";

export function jsonFeed({ title, author, home, urls, entries }: Feed): string {
  const feed = {
    version: "https://jsonfeed.org/version/1.1",
    title,
    home_page_url: home,
    feed_url: urls["json-feed"],
    language: "en",
    authors: [{ name: author, url: home }],
    items: entries.map(jsonItem),
  };
  return `${JSON.stringify(feed, null, 2)}\n`;
}

function jsonItem({ url, title, published, updated, summary, html, extension, enclosures }: FeedEntry) {
  return {
    id: url,
    url,
    title,
    summary,
    content_html: html,
    date_published: published,
    date_modified: updated,
    tags: [extension],
    attachments: enclosures.map((image) => ({
      url: image.url,
      mime_type: IMAGE_MEDIA_TYPE,
      title: image.file,
      size_in_bytes: image.size,
    })),
  };
}
