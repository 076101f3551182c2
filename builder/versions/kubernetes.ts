/**
 * The patch releases of Kubernetes, out of the file that its release team keeps them in.
 *
 * https://github.com/kubernetes/website/blob/main/data/releases/schedule.yaml
 */
import * as v from "valibot";
import type { Answer, Answers } from "./answers.ts";
import { readYaml } from "./read-answer.ts";

const URL_ = "https://raw.githubusercontent.com/kubernetes/website/main/data/releases/schedule.yaml";

const patch = v.object({ release: v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+(?:-.+)?$/)) });
const schedule = v.object({
  schedules: v.pipe(
    v.array(
      v.object({
        release: v.pipe(v.string(), v.regex(/^\d+\.\d+$/)),
        releaseDate: v.optional(v.string()),
        // A key without a value is an empty text.
        previousPatches: v.optional(v.union([v.literal(""), v.array(patch)])),
      }),
    ),
    v.minLength(1),
  ),
});

/** With a `v`, as tags have it. What is planned is not listed. */
export async function kubernetesVersions(answers: Answers, now = new Date()): Promise<string[]> {
  const read = (answer: Answer) => readYaml(answer, schedule, "Kubernetes' release team");
  const { schedules } = await answers.get(URL_, read);
  const today = now.toISOString().slice(0, "2026-01-01".length);
  return schedules.flatMap(({ release, releaseDate = "", previousPatches = "" }) => {
    const patches = [...previousPatches].map((one) => (typeof one === "string" ? one : one.release));
    // The first release of a minor series is none of the "previous" ones until there is a second one.
    const first = releaseDate <= today ? [`${release}.0`] : [];
    const released = patches.length > 0 ? patches : first;
    return released.filter((version) => !version.includes("-")).map((version) => `v${version}`);
  });
}
