/** The icon of the site: a system, and what is laid over it. */

export const FAVICON_SVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<style>path{fill:none;stroke:#0a5c5f;stroke-width:3;stroke-linejoin:round}@media(prefers-color-scheme:dark){path{stroke:#7cc7c4}}</style>
<path d="M4 21l12 6 12-6M4 16l12 6 12-6"/>
<path d="M16 4l12 6-12 6-12-6z"/>
</svg>
`;
