import { expect, test } from "vitest";
import { ARCHES, GO_ARCH, isArch, UNAME_ARCH } from "../../schema/index.ts";

test("arches are spelled as systemd's %a prints them", () => {
  expect(ARCHES).toEqual(["x86-64", "arm64"]);
});

test("what Go and uname call an arch is no arch here, save arm64, which Go spells alike", () => {
  expect(isArch("x86-64")).toBe(true);
  expect(isArch(GO_ARCH["x86-64"])).toBe(false);
  expect(isArch(UNAME_ARCH["x86-64"])).toBe(false);
  expect(isArch(UNAME_ARCH.arm64)).toBe(false);
  expect(isArch("X86-64")).toBe(false);
  expect(isArch("toString")).toBe(false);
});
