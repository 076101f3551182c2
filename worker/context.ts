/** What every handler finds in its Hono context. */
import type { RequestRecord } from "./log.ts";
import type { Services } from "./services.ts";

/** The time in milliseconds, as `Date.now` tells it. */
export type Clock = () => number;

export interface AppEnv {
  Bindings: {
    readonly services: Services;
    /** What handlers add to the log line of their request */
    readonly record: RequestRecord;
  };
}
