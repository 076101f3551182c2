/** Files share a workerd: each begins with nothing in R2 and KV, and leaves no spies. */
import { afterAll, beforeAll, vi } from "vitest";
import { emptyStorage } from "./storage.ts";

beforeAll(emptyStorage);
afterAll(() => vi.restoreAllMocks());
