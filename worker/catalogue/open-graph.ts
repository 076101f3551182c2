/** What other sites show of a page when somebody links to it. https://ogp.me/ */
import { html } from "hono/html";

export interface LinkedPage {
  readonly title: string;
  readonly description: string;
  /** Absolute, and the one by which the page wants to be known */
  readonly url: string;
  /** Absolute; 1200 by 630 pixels, as `/card.png` */
  readonly image: string;
}

/** Elements for the head of the page. */
export function openGraph({ title, description, url, image }: LinkedPage) {
  return html`<link rel="canonical" href="${url}">
<meta name="description" content="${description}">
<meta property="og:type" content="website">
<meta property="og:site_name" content="System extensions">
<meta property="og:title" content="${title}">
<meta property="og:description" content="${description}">
<meta property="og:url" content="${url}">
<meta property="og:image" content="${image}">
<meta property="og:image:width" content="1200">
<meta property="og:image:height" content="630">
<meta property="og:image:alt" content="System extensions: images for systemd-sysext">
<meta name="twitter:card" content="summary_large_image">`;
}
