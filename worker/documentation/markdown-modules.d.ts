/** Markdown that is imported as text. https://github.com/tc39/proposal-import-text */
declare module "*.md" {
  const text: string;
  export default text;
}
