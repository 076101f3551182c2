/** Who has not shown who they are. RFC 6750 section 3. */
import { ApiProblem } from "../errors.ts";

export function unauthorized(message: string): ApiProblem {
  const hint = "Authorization: Bearer, and a token of a pipeline that may publish here";
  return new ApiProblem(401, "unauthorized", message, { hint, headers: { "www-authenticate": "Bearer" } });
}
