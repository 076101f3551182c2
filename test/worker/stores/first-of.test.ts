/** Stores are asked in order, and a failure is not absence. */
import { expect, test } from "vitest";
import { firstOf } from "../../../worker/stores/first-of.ts";
import type { Store, StoredRedirect } from "../../../worker/stores/store.ts";
import { request } from "./store.contract.ts";

const at = { release: "a-1", file: "a-1-arm64.raw" };
const redirect = (location: string): StoredRedirect => ({ kind: "redirect", source: "github", location });
const has = (location: string): Store => ({ open: async () => redirect(location) });
const empty: Store = { open: async () => undefined };
const failing: Store = {
  open: async () => {
    throw new Error("broken");
  },
};

test("the first store that has the file answers", async () => {
  expect(await firstOf(empty, has("1"), has("2")).open(at, request())).toEqual(redirect("1"));
});

test("no store at all has nothing", async () => {
  expect(await firstOf(undefined).open(at, request())).toBeUndefined();
});

test("a failing store is not passed over", async () => {
  await expect(firstOf(failing, has("1")).open(at, request())).rejects.toThrow("broken");
});
