/** What is imported as text. https://github.com/tc39/proposal-import-text */
declare module "*.md" {
  const text: string;
  export default text;
}

/** Checked by a `tsconfig.json` of its own, with a browser's types. */
declare module "*/browser/script.js" {
  const text: string;
  export default text;
}
