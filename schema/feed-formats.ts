/** Feeds in each format, by what its path is. */
import { atomFeed } from "./atom.ts";
import type { Feed } from "./feed.ts";
import { jsonFeed } from "./json-feed.ts";
import type { FeedKind } from "./layout.ts";

export const FEED_FORMATS: Readonly<Record<FeedKind, (feed: Feed) => string>> = {
  "atom-feed": atomFeed,
  "json-feed": jsonFeed,
};
