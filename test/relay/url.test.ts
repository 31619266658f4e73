import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SourceError } from "../../src/base/errors.ts";
import { globMatches } from "../../src/base/glob.ts";
import {
  escapedName,
  isLiveUrl,
  meantUrl,
  parseLiveUrl,
  printLiveUrl,
} from "../../src/relay/url.ts";

const test = suite("relay/url");

test("reads a relayd alone, with and without a port", () => {
  assert.equal(parseLiveUrl("net://box"), { host: "box", port: 5344, selection: undefined });
  assert.equal(parseLiveUrl("net://box:99"), { host: "box", port: 99, selection: undefined });
  assert.equal(parseLiveUrl("net://box/"), { host: "box", port: 5344, selection: undefined });
});

test("reads a session as babeltrace2 writes it, and globs", () => {
  assert.equal(parseLiveUrl("net://10.0.0.1:5344/host/web-1/auto-20261122-101500"), {
    host: "10.0.0.1",
    port: 5344,
    selection: { target: "web-1", session: "auto-20261122-101500" },
  });
  assert.equal(parseLiveUrl("net://box/host/*/my*").selection, { target: "*", session: "my*" });
});

test("takes IPv6 addresses in brackets", () => {
  assert.equal(parseLiveUrl("net://[::1]:7/host/h/s"), {
    host: "::1",
    port: 7,
    selection: { target: "h", session: "s" },
  });
});

test("decodes no percent signs", () => {
  assert.is(parseLiveUrl("net://box/host/h/a%20b").selection?.session, "a%20b");
});

test("prints what it reads", () => {
  for (const url of ["net://box", "net://box:99", "net://[::1]:7/host/h/s", "net://b/host/*/s*"]) {
    assert.is(printLiveUrl(parseLiveUrl(url)), url);
  }
  assert.is(printLiveUrl(parseLiveUrl("net://box:5344/")), "net://box");
});

test("distinguishes live sources from paths", () => {
  assert.ok(isLiveUrl("net://box"));
  assert.not(isLiveUrl("/var/traces/net"));
});

test("net4:// and net6:// ask for a family of addresses", () => {
  assert.equal(parseLiveUrl("net4://box/host/h/s").family, 4);
  assert.equal(parseLiveUrl("net6://[::1]:6/host/h/s"), {
    ...{ host: "::1", port: 6, family: 6, selection: { target: "h", session: "s" } },
  });
  for (const text of ["net4://box/host/h/s", "net6://[::1]:6", "net://box"])
    assert.is(printLiveUrl(parseLiveUrl(text)), text);
});

test("knows what URL a path may be meant as", () => {
  for (const [text, meant] of [
    ["localhost:5344/host/web1/auto", "net://localhost:5344/host/web1/auto"],
    ["[::1]/host/web1/*", "net://[::1]/host/web1/*"],
    ["box/host/web1/auto", "net://box/host/web1/auto"],
    ["http://box/host/a/b", "net://box/host/a/b"],
    ["net:/box/host/a/b", "net://box/host/a/b"],
    ["./trace", undefined],
    ["/a/host/b/c", undefined],
    ["traces/host", undefined],
  ] as const)
    assert.is(meantUrl(text), meant, text);
});

test("names of sessions select only themselves", () => {
  for (const name of ["a*b", "a\\b", "**", "plain"]) {
    assert.ok(globMatches(escapedName(name), name));
    assert.not(globMatches(escapedName(name), `${name}x`));
  }
  assert.not(globMatches(escapedName("a*b"), "a-b"));
});

const bad: [string, RegExp][] = [
  ["http://box", /does not begin with net:\/\//],
  ["net5://box", /does not begin with net:\/\//],
  ["net://", /host is missing/],
  ["net:///host/h/s", /host is missing/],
  ["net://::1/host/h/s", /IPv6 addresses need brackets/],
  ["net://box:x", /"x" is not a port/],
  ["net://box:", /"" is not a port/],
  ["net://box:0", /"0" is not a port/],
  ["net://box:65536", /"65536" is not a port/],
  ["net://box/h/s", /expected \/host\//],
  ["net://box/host", /traced host is missing/],
  ["net://box/host//s", /traced host is missing/],
  ["net://box/host/h", /session name is missing/],
  ["net://box/host/h/", /session name is missing/],
  ["net://box/host/h/s/t", /cannot contain a slash/],
];
for (const [url, message] of bad) {
  test(`rejects ${url}`, () => {
    assert.throws(
      () => parseLiveUrl(url),
      (e: unknown) => e instanceof SourceError && e.code === "BAD_URL" && message.test(e.message),
    );
  });
}

test.run();
