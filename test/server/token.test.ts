import { suite } from "uvu";
import * as assert from "uvu/assert";
import { serve } from "../../src/server/server.ts";
import { Client, get, table, withRecorded } from "./lab.ts";

const test = suite("server/token");

const TOKEN = "s3cret.of~this-server";
const OPTIONS = { token: TOKEN };
const BEARER = { Authorization: `Bearer ${TOKEN}` };

test("answers clients that show the token, and no others", async () => {
  await withRecorded(async (server) => {
    const answer = async (headers: Record<string, string>, path: string): Promise<unknown> => {
      const { status, body } = await get(server, path, headers);
      return status === 200 ? 200 : [status, JSON.parse(body.toString()).error.code];
    };
    for (const path of ["/v1/query?limit=1", "/v1/sessions"]) {
      assert.is(await answer(BEARER, path), 200);
      assert.is(await answer({ Authorization: `bearer  ${TOKEN} ` }, path), 200);
      assert.equal(await answer({}, path), [401, "TOKEN_MISSING"]);
      const wrong = [TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase(), "x".repeat(10_000)];
      for (const one of wrong)
        assert.equal(await answer({ Authorization: `Bearer ${one}` }, path), [401, "TOKEN_WRONG"]);
      const basic = `Basic ${Buffer.from(`:${TOKEN}`).toString("base64")}`;
      assert.equal(await answer({ Authorization: basic }, path), [401, "TOKEN_MISSING"]);
      assert.equal(await answer({}, `${path}${path.includes("?") ? "&" : "?"}token=${TOKEN}`), [
        401,
        "TOKEN_MISSING",
      ]);
    }
  }, OPTIONS);
});

test("answers health checks without a token, and gives everyone the page that asks for it", async () => {
  await withRecorded(async (server) => {
    assert.is((await get(server, "/healthz")).body.toString(), "ok\n");
    const page = await get(server, "/");
    assert.is(page.status, 200);
    assert.is(page.body.includes(TOKEN), false);
  }, OPTIONS);
});

test("takes the token of a WebSocket as a header or as a subprotocol", async () => {
  await withRecorded(async (server) => {
    const rows = async (protocols: string[], headers: Record<string, string>): Promise<number> => {
      const client = await Client.open(server, protocols, { headers });
      client.say({ limit: 7 });
      await client.last();
      assert.is(client.socket.protocol, protocols.length > 0 ? "tracewire.v1" : "");
      return client.rows;
    };
    assert.is(await rows(["tracewire.v1"], BEARER), 7);
    assert.is(await rows([], BEARER), 7);
    assert.is(await rows(["tracewire.v1", `bearer.${TOKEN}`], {}), 7);
    assert.is(await rows([`bearer.${TOKEN}`, "tracewire.v1"], {}), 7);
  }, OPTIONS);
});

test("refuses a WebSocket without the token, or with no subprotocol but the token", async () => {
  await withRecorded(async (server) => {
    const refusal = (protocols: string[]): Promise<string> =>
      Client.open(server, protocols).then(
        () => "open",
        (error: Error) => error.message,
      );
    assert.is(await refusal([]), "status 401");
    assert.is(await refusal(["tracewire.v1"]), "status 401");
    assert.is(await refusal(["tracewire.v1", "bearer.wrong"]), "status 401");
    assert.is(await refusal(["tracewire.v1", "bearer."]), "status 401");
    assert.is(await refusal([`bearer.${TOKEN}`]), "status 400");
  }, OPTIONS);
});

test("keeps strangers' pages out, token or not, and lets allowed ones send it", async () => {
  const friend = "https://friend.example";
  await withRecorded(
    async (server) => {
      const evil = { Origin: "http://evil.example", ...BEARER };
      assert.is((await get(server, "/v1/query?limit=1", evil)).status, 403);
      const asked = await get(server, "/v1/query", { Origin: friend }, "OPTIONS");
      assert.is(asked.status, 204);
      const answer = await get(server, "/v1/query?limit=1", { Origin: friend, ...BEARER });
      assert.is(table(answer).numRows, 1);
      assert.is((await get(server, "/v1/query", { Origin: friend })).status, 401);
    },
    { ...OPTIONS, allowedOrigins: [friend] },
  );
});

test("never repeats a token, not even a wrong one, in messages and log", async () => {
  const log: string[] = [];
  await withRecorded(
    async (server) => {
      const wrong = "wr0ng.but-plausible";
      const { body } = await get(server, "/v1/query", { Authorization: `Bearer ${wrong}` });
      await Client.open(server, ["tracewire.v1", `bearer.${wrong}`]).catch(() => undefined);
      await Client.open(server, [`bearer.${TOKEN}`]).catch(() => undefined);
      const said = [body.toString(), ...log].join("\n");
      assert.match(said, "TOKEN_WRONG");
      assert.is(log.length, 2);
      assert.is(said.includes(wrong) || said.includes(TOKEN), false);
    },
    { ...OPTIONS, log: (text) => log.push(text) },
  );
});

test("listens beyond loopback with a token only", async () => {
  const code = (host: string, token?: string): Promise<string> =>
    serve(["/nowhere"], { host, port: 0, token }).then(
      () => "serves",
      (error: { code: string }) => error.code,
    );
  for (const host of ["0.0.0.0", "::", "192.168.1.1", "example.org", ""]) {
    assert.is(await code(host), "TOKEN_NEEDED", host);
    assert.is(await code(host, TOKEN), "SOURCE_NOT_FOUND", host);
  }
  for (const host of ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
    assert.is(await code(host), "SOURCE_NOT_FOUND", host);
  for (const token of ["", "short", "with blank in it", "sl/ash/es==", "é".repeat(9)])
    assert.is(await code("127.0.0.1", token), "BAD_TOKEN", token);
});

test("serves beyond loopback under any name, to who shows the token", async () => {
  await withRecorded(
    async (server) => {
      const here = { ...server, url: `http://127.0.0.1:${server.port}` };
      const named = { Host: "tracing.example:7447", ...BEARER };
      assert.is((await get(here, "/v1/query?limit=1", named)).status, 200);
      assert.is((await get(here, "/v1/query?limit=1", { Host: "tracing.example" })).status, 401);
    },
    { ...OPTIONS, host: "0.0.0.0" },
  );
});

test.run();
