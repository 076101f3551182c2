/** What wrangler.toml binds, for `env` and `exports` of `cloudflare:workers`. */
declare namespace Cloudflare {
  interface Env {
    BUCKET: R2Bucket;
    INDEX_KV: KVNamespace;
    GITHUB_REPOSITORY: string;
    DOCS_URL: string;
  }
  interface GlobalProps {
    mainModule: typeof import("../../worker/index.ts");
  }
}

declare module "*?raw" {
  const text: string;
  export default text;
}
