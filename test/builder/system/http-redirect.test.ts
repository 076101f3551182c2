/** Redirects: they lead through the mirror like any address, and take no credentials with them. */
import { expect, it } from "vitest";
import { Http } from "../../../builder/system/http.ts";
import { FakeGitHub } from "../../support/upstreams/github.ts";
import type { Host } from "../../support/upstreams/host.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";

const START = "https://start.example/a";
const SECRET = { authorization: "Bearer secret" };

const to =
  (location: string, status = 302): Host =>
  () =>
    new Response(null, { status, headers: { location } });
const host = (text: string): Host => {
  return () => new Response(text);
};

it("are followed through the mirror, whatever host they lead to", async () => {
  const github = new FakeGitHub();
  github.publish("example/tool", { tag: "v1", assets: { tool: "content" } });
  await using mirror = await Mirror.open(github.hosts);
  const http = new Http({ mirror: mirror.url });
  const { text } = await http.read("https://github.com/example/tool/releases/download/v1/tool");
  expect(text).toBe("content");
  expect(mirror.arrivals.map(({ path }) => path)).toEqual([
    "github.com/example/tool/releases/download/v1/tool",
    "objects.githubusercontent.com/example/tool/v1/tool",
  ]);
});

it("may be relative, and may name the mirror itself", async () => {
  const hosts: Record<string, Host> = { "start.example": to("/other.example/b"), "other.example": host("content") };
  await using mirror = await Mirror.open(hosts);
  const http = new Http({ mirror: mirror.url });
  expect((await http.read(START)).text).toBe("content");

  await using other = await Mirror.open({ "start.example": to(`${mirror.url}/start.example/a`) });
  expect((await new Http({ mirror: other.url }).read(START)).text).toBe("content");
});

it.each([301, 302, 303, 307, 308])("of status %d are followed", async (status) => {
  const hosts = { "start.example": to("https://other.example/b", status), "other.example": host("content") };
  await using mirror = await Mirror.open(hosts);
  expect((await new Http({ mirror: mirror.url }).read(START)).text).toBe("content");
});

it("do not take a credential to another server, and neither does a mirror", async () => {
  await using other = await Mirror.open({ b: host("content") });
  await using api = await Mirror.open({ a: to("/c"), c: to(`${other.url}/b`) });
  await new Http().read(`${api.url}/a`, SECRET);
  expect(api.arrivals.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer secret", "Bearer secret"]);
  expect(other.arrivals.map(({ headers }) => headers.get("authorization"))).toEqual([null]);

  await using mirror = await Mirror.open({ "start.example": host("content") });
  await new Http({ mirror: mirror.url }).read(START, SECRET);
  expect(mirror.arrivals[0]?.headers.get("authorization")).toBeNull();
});

it.each(["file:///etc/passwd", "ftp://other.example/b", "http://:0:0/"])("to %s are refused", async (location) => {
  await using mirror = await Mirror.open({ "start.example": to(location) });
  await expect(new Http({ mirror: mirror.url }).read(START)).rejects.toMatchObject({
    message: "redirected to what is no https URL",
    details: { url: `${mirror.url}/start.example/a`, location },
  });
});

it("without end are given up", async () => {
  await using mirror = await Mirror.open({ "start.example": to(START) });
  await expect(new Http({ mirror: mirror.url }).read(START)).rejects.toThrow("redirected without end");
  expect(mirror.arrivals).toHaveLength(21);
});
