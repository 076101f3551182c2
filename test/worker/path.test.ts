/** Paths are decoded once, cleaned, and survive nonsense. */
import { expect, test } from "vitest";
import { decodePath } from "../../worker/path.ts";

test.each([
  ["/extensions/k3s-v1.32.2%2Bk3s1-arm64.raw", "/extensions/k3s-v1.32.2+k3s1-arm64.raw"],
  ["/extensions/k3s-v1.32.2+k3s1-arm64.raw", "/extensions/k3s-v1.32.2+k3s1-arm64.raw"],
  ["/a%252Bb", "/a%2Bb"],
  ["/extensions%2Fdocker.conf", "/extensions/docker.conf"],
  ["/extensions/%F0%9F%98%80.conf", "/extensions/😀.conf"],
  ["//extensions//kubernetes///SHA256SUMS", "/extensions/kubernetes/SHA256SUMS"],
  ["/extensions/./kubernetes/%2e%2e/docker.conf", "/extensions/docker.conf"],
  ["/a%2F..%2F..%2F..%2Fb", "/b"],
  ["/extensions/", "/extensions/"],
  ["/extensions//", "/extensions/"],
  ["/", "/"],
  ["//", "/"],
])("%s is read as %s", (pathname, path) => {
  expect(decodePath(pathname)).toBe(path);
});

test.each(["/%", "/%2", "/%zz", "/100%.conf", "/%u0041"])("%s is a malformed escape", (pathname) => {
  expect(() => decodePath(pathname)).toThrow("malformed escape");
});

test.each(["/%FF", "/%C3%28", "/%ED%A0%80"])("%s is not UTF-8 and names no file", (pathname) => {
  expect(decodePath(pathname)).toBeUndefined();
});
