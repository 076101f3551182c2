/** Says of a registry's failures which image they keep from us, and what to do. */
import { type BakeryError, NotFoundError, UpstreamError, WrongContentError } from "../../system/errors.ts";
import { RefusedError } from "../../system/http-failure.ts";
import { describeReference, nameOf } from "./reference.ts";
import type { Repository } from "./repository.ts";

/** @throws what `perform` throws, in words about the image */
export async function explained<T>(repository: Repository, perform: () => Promise<T>): Promise<T> {
  try {
    return await perform();
  } catch (error) {
    throw error instanceof UpstreamError ? explain(repository, error) : error;
  }
}

function explain(repository: Repository, error: UpstreamError): BakeryError {
  const { reference } = repository;
  const image = describeReference(reference);
  const { details, hint } = error;
  // Said already.
  if (error.message.includes(image)) return error;
  const options = { details: { image, ...details }, cause: error };
  if (error instanceof NotFoundError && error.details.url?.includes("/blobs/")) {
    const message = `${reference.registry} does not have all of ${image.slice(reference.registry.length + 1)}`;
    return new NotFoundError(message, { ...options, hint: "push the image anew, or take another one" });
  }
  if (error instanceof NotFoundError) {
    const called = reference.digest ?? `tag ${reference.tag}`;
    return new NotFoundError(`${reference.registry} has no ${reference.repository} with ${called}`, {
      ...options,
      hint: "look for a mistake in the name, or for what the registry has under it",
    });
  }
  if (error instanceof RefusedError) {
    if (error.status === 401)
      return new UpstreamError(`${image} wants a login`, { ...options, hint: loginHint(repository) });
    if (error.status === 403)
      return new UpstreamError(`${image} is forbidden to us`, { ...options, hint: loginHint(repository) });
    if (error.status === 429) {
      const rate = `${reference.registry} gives no more to us for now: ${error.message}`;
      return new UpstreamError(rate, {
        ...options,
        hint: "wait, or log in at the registry: logins have higher limits",
      });
    }
  }
  const message = `${image} cannot be pulled: ${error.message}`;
  const same = { ...options, ...(hint !== undefined && { hint }) };
  return error instanceof WrongContentError ? new WrongContentError(message, same) : new UpstreamError(message, same);
}

/** Registries say "log in" of what is not there too, so that nobody finds out what is. */
function loginHint({ reference, login }: Repository): string {
  const { registry } = reference;
  if (login === undefined) return "the registry does not say how one logs in";
  if (login.helper !== undefined) {
    return `the login is kept by ${login.helper}, which is not run: put it into auths of a file and name that in REGISTRY_AUTH_FILE`;
  }
  if (login.credential !== undefined) {
    return `the login in ${login.file} is not enough, or there is no ${nameOf(reference)}: log in anew at ${registry}`;
  }
  return `there may be no such image; if there is, docker login ${registry} or podman login ${registry} first (${login.file} has no login)`;
}
