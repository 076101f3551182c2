/** Where GitHub is: at github.com, or an instance of somebody's own, as GitHub Actions tells its jobs. */
import { UsageError } from "../system/errors.ts";

/** @throws UsageError */
export function githubApiUrl({ GITHUB_API_URL: url }: NodeJS.ProcessEnv): string {
  return parse("GITHUB_API_URL", url || "https://api.github.com");
}

/**
 * Of repositories that bakeries publish to. What recipes download is at github.com for everybody: where it comes from is
 * part of what an image is made of.
 * @throws UsageError
 */
export function githubServerUrl({ GITHUB_SERVER_URL: url }: NodeJS.ProcessEnv): string {
  return parse("GITHUB_SERVER_URL", url || "https://github.com");
}

function parse(variable: string, url: string): string {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) throw new UsageError(`${variable} is no http(s) URL: ${url}`);
  return url.replace(/\/+$/, "");
}
