/** How GitHub says no. */
import { json } from "itty-router";

export function problem(status: number, message = "Server Error", headers: Record<string, string> = {}): Response {
  return json({ message, status: String(status) }, { status, headers });
}

export function notFound(): Response {
  return problem(404, "Not Found");
}

export function taken(resource: string, field: string): Response {
  return json({ message: "Validation Failed", errors: [{ resource, code: "already_exists", field }] }, { status: 422 });
}
