/**
 * Tags of projects at GitLab, wherever one of its instances is.
 *
 * https://docs.gitlab.com/api/tags/#list-all-project-repository-tags
 */
import * as v from "valibot";
import { UpstreamError } from "../system/errors.ts";
import type { Answer, Answers } from "./answers.ts";
import { nextPage, readJson } from "./read-answer.ts";

const tags = v.array(v.object({ name: v.string() }));
/** GitLab's maximum. */
const PAGE_SIZE = 100;
const MAX_PAGES = 100;

/**
 * @param instance `gitlab.com`, or a URL
 * @param project its path or its number
 */
export async function gitlabTagNames(answers: Answers, instance: string, project: string): Promise<string[]> {
  const base = /^https?:\/\//.test(instance) ? instance.replace(/\/+$/, "") : `https://${instance}`;
  const start = `${base}/api/v4/projects/${encodeURIComponent(project)}/repository/tags?per_page=${PAGE_SIZE}`;
  const read = (answer: Answer) => ({
    names: readJson(answer, tags, "GitLab's API").map(({ name }) => name),
    hasNext: nextPage(answer) !== undefined,
  });
  const all: string[] = [];
  for (let page = 1; page <= MAX_PAGES; page++) {
    const { names, hasNext } = await answers.get(`${start}&page=${page}`, read);
    all.push(...names);
    // GitLab names a next page where there is none, and an instance may have shorter pages: neither alone tells the end.
    if (names.length === 0 || (names.length < PAGE_SIZE && !hasNext)) return all;
  }
  throw new UpstreamError(`GitLab's list has more than ${MAX_PAGES} pages`, { details: { url: start } });
}
