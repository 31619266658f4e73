/** What an operator sets: slips are told before anything changes, and secrets that lie open are told in the log. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hostNameFrom, originFrom } from "../../src/server/allowed.ts";
import { serve } from "../../src/server/server.ts";
import { bearer, get, withRecorded } from "./lab.ts";

const test = suite("server/settings");

for (const [said, sent] of [
  ["https://friend.example", "https://friend.example"],
  ["https://Friend.Example:8443", "https://friend.example:8443"],
  ["http://friend.example:80", "http://friend.example"],
  ["http://[::1]:3000", "http://[::1]:3000"],
  ["https://bücher.example", "https://xn--bcher-kva.example"],
  ["chrome-extension://abcdef", "chrome-extension://abcdef"],
])
  test(`takes the origin ${said}`, () => assert.is(originFrom(said!), sent));

for (const said of [
  ...[
    "evil",
    "*",
    "null",
    "",
    "friend.example",
    "//friend.example",
    "https://",
    "https://*.a.example",
  ],
  ...["https://a.example/", "https://a.example/page", "https://u@a.example", "https://a.example:x"],
])
  test(`refuses ${JSON.stringify(said)} as an origin`, () =>
    assert.throws(() => originFrom(said), /allowed-origins: expected origins of pages, as https/));

test("takes names of hosts without ports only", () => {
  assert.is(hostNameFrom("Traces.Example"), "traces.example");
  assert.is(hostNameFrom("[::1]"), "[::1]");
  for (const said of ["", "a:80", "http://a", "a/b", "*.example", "[::1]:80"])
    assert.throws(() => hostNameFrom(said), /allowed-hosts: expected names/);
});

test("keeps what it allows when a reload says nonsense", async () => {
  await withRecorded(
    async (server) => {
      const from = async (origin: string): Promise<number> =>
        (await get(server, "/v1/sources", { Origin: origin })).status;
      const wrong = { allowedOrigins: ["evil"] };
      assert.throws(() => server.reload(wrong), /allowed-origins: .* got evil/);
      assert.throws(() => server.reload({ allowedHosts: ["a:80"] }), /allowed-hosts: .* got a:80/);
      assert.is(await from("https://friend.example"), 200);
      assert.is(await from("https://evil.example"), 403);
    },
    { allowedOrigins: ["https://Friend.example:443"] },
  );
  const start = serve(["/nowhere"], { port: 0, allowedOrigins: ["*"] });
  await start.then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, "allowed-origins"),
  );
});

test("refuses a request for two hosts", async () => {
  await withRecorded(async ({ port }) => {
    const text = await new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      let answer = "";
      socket.on("data", (chunk) => {
        answer += chunk.toString();
      });
      socket.on("close", () => resolve(answer));
      const hosts = "Host: localhost\r\nHost: evil.example\r\n";
      socket.write(`GET /v1/sources HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`);
    });
    assert.match(text, "HTTP/1.1 400 Bad Request");
    assert.match(text, '"code":"BAD_HOST"');
  });
});

test("tells of tokens that others can read, at start and at each reload", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-settings-"));
  const tokenFile = join(folder, "tokens");
  const lines: string[] = [];
  const warnings = (): readonly string[] => lines.splice(0).filter((line) => /warning/.test(line));
  const token = "token-of-the-test";
  try {
    writeFileSync(tokenFile, token);
    chmodSync(tokenFile, 0o644);
    const options = { tokenFile, log: (line: string) => void lines.push(line) };
    await withRecorded(async (server) => {
      assert.match(warnings().join(), /tokens: .* mode 0644: every user may have its tokens/);
      chmodSync(tokenFile, 0o640);
      server.reload();
      assert.match(warnings().join(), /tokens: .* mode 0640: its group may have its tokens/);
      chmodSync(tokenFile, 0o600);
      server.reload();
      assert.equal(warnings(), []);
      assert.is((await get(server, "/v1/sources", bearer(token))).status, 200);
      // Whoever reads a digest has no token.
      const sha256 = "0".repeat(64);
      writeFileSync(tokenFile, JSON.stringify({ tokens: [{ name: "one", sha256 }] }));
      chmodSync(tokenFile, 0o644);
      server.reload();
      assert.equal(warnings(), []);
    }, options);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
