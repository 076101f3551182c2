/**
 * Preloaded into a process, kills it at its n-th request. `KILL_AT` is n and where, `3 inside`; without it, requests are
 * only counted, into the file `COUNT_TO`: `POST with body`, `GET`, …
 */
import { writeFileSync } from "node:fs";
import { MortalFetch, type Where } from "./mortal-fetch.ts";

const [at = "0", where = "before"] = (process.env.KILL_AT ?? "").split(" ");
const die = () => process.kill(process.pid, "SIGKILL");
const mortal = new MortalFetch({ at: Number(at), where: where as Where, die }, globalThis.fetch);
globalThis.fetch = (input, init) => mortal.fetch(input, init);

process.on("exit", () => {
  const lines = mortal.requests.map(({ method, hasBody }) => (hasBody ? `${method} with body` : method));
  if (process.env.COUNT_TO !== undefined) writeFileSync(process.env.COUNT_TO, lines.join("\n"));
});
