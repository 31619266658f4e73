/** Tokens with what each may see: sources and fields that it does not grant are not there, in any format and endpoint. */

import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningServer, serve } from "../../src/server/server.ts";
import { recordedTrace } from "../support/traces.ts";
import { bearer, Client, get, table } from "./lab.ts";

const test = suite("server/scopes");

const ALL = "token-of-an-operator";
const SOME = "token-of-a-developer";
const GUEST = "token-of-a-guest";
const OLD = "token-that-has-expired";
const HIDDEN = "next_comm";

async function withScopes(
  work: (server: RunningServer, sources: readonly string[], tokenFile: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-scopes-"));
  const tokenFile = join(folder, "tokens.json");
  const small = await recordedTrace("small");
  const churn = await recordedTrace("churn");
  const tokens = [
    { name: "operator", token: ALL, operator: true },
    { name: "developer", token: SOME, sources: [small.path], hide: [HIDDEN] },
    { name: "guest", token: GUEST, hide: ["image", "container_type", "cgroup"] },
    { name: "former", token: OLD, expires: "2020-01-01T00:00:00Z" },
  ];
  writeFileSync(tokenFile, JSON.stringify({ tokens }));
  const server = await serve([small.path, churn.path], { port: 0, tokenFile });
  try {
    await work(server, [small.path, churn.path], tokenFile);
  } finally {
    await server.close();
    await Promise.all([small.remove(), churn.remove()]);
    rmSync(folder, { recursive: true });
  }
}

const code = ({ body }: { readonly body: Buffer }): unknown =>
  (JSON.parse(body.toString()) as { error: { code: string } }).error.code;

test("hides fields in every format, over GET, POST and WebSocket", async () => {
  await withScopes(async (server, [small]) => {
    const source = `source=${encodeURIComponent(small!)}`;
    const path = `/v1/query?${source}&events=sched_switch&limit=50`;
    for (const format of ["ndjson", "csv"]) {
      const seen = (await get(server, `${path}&format=${format}`, bearer(ALL))).body.toString();
      const hidden = (await get(server, `${path}&format=${format}`, bearer(SOME))).body.toString();
      assert.ok(seen.includes(HIDDEN) && hidden.includes("prev_comm"), format);
      assert.is(hidden.includes(HIDDEN), false, format);
      assert.is(hidden.split("\n").length, seen.split("\n").length);
    }
    const arrow = table(await get(server, path, bearer(SOME)));
    assert.is(arrow.numRows, 50);
    for (const row of arrow) assert.is(String(row["payload"]).includes(HIDDEN), false);
    for (const format of ["ndjson", "csv", "arrow", "parquet"]) {
      const question = { source: small, events: "sched_switch", limit: 50, format };
      const headers = { ...bearer(SOME), "Content-Type": "application/json" };
      const asked = JSON.stringify(question);
      const { status, body } = await get(server, "/v1/query", headers, "POST", asked);
      assert.is(status, 200, format);
      assert.ok(body.length > 0, format);
      assert.is(body.includes(HIDDEN), false, format);
    }
    const client = await Client.open(server, ["tracewire.v1", `bearer.${SOME}`]);
    client.say({ source: small, events: "sched_switch", limit: 50, format: "ndjson" });
    await client.last();
    const frames = Buffer.concat(client.binary).toString();
    assert.ok(frames.includes("prev_comm"));
    assert.is(frames.includes(HIDDEN), false);
  });
});

test("knows nothing of hidden fields in filters, columns, stages, completion and schema", async () => {
  await withScopes(async (server) => {
    const refusals = [
      `select=${HIDDEN}`,
      `where=${encodeURIComponent(`${HIDDEN} == "*"`)}`,
      `q=${encodeURIComponent(`sched_switch |> where ${HIDDEN} == "*"`)}`,
      `q=${encodeURIComponent(`|> count() by ${HIDDEN}`)}`,
    ];
    for (const asked of refusals) {
      const path = `/v1/query?format=ndjson&${asked}`;
      const { status, body } = await get(server, path, bearer(SOME));
      // A stage that names what is not declared has nothing to give.
      const told = body.toString().replaceAll(`"${HIDDEN}":null`, "");
      assert.ok(status === 400 || !/swapper|python|redis/.test(told), asked);
    }
    const schema = (await get(server, "/v1/schema", bearer(SOME))).body.toString();
    assert.ok(schema.includes("prev_comm"));
    assert.is(schema.includes(HIDDEN), false);
    const items = (await get(server, "/v1/complete?prefix=next_", bearer(SOME))).body.toString();
    assert.ok(items.includes("next_prio"));
    assert.is(items.includes(HIDDEN), false);
    assert.ok((await get(server, "/v1/schema", bearer(ALL))).body.includes(HIDDEN));
  });
});

test("facts of containers from hidden fields of their records are hidden, too", async () => {
  await withScopes(async (server) => {
    const asks = ["select=container_image", "select=cgroup", "where=$container.type == 'docker'"];
    const stages = ["|> count() by container_type", "$container.image == 'a*' |> count()"];
    for (const asked of [...asks, ...stages.map((q) => `q=${q}`)]) {
      const [name = "", ...text] = asked.split("=");
      const path = `/v1/query?${name}=${encodeURIComponent(text.join("=").replaceAll("'", '"'))}`;
      const answer = await get(server, path, bearer(GUEST));
      assert.equal([answer.status, code(answer)], [403, "HIDDEN_FIELD"], asked);
      assert.is((await get(server, path, bearer(ALL))).status, 200, asked);
    }
    assert.is((await get(server, "/v1/query?select=container", bearer(GUEST))).status, 200);
    const containers = async (token: string): Promise<Set<string>> => {
      const { body } = await get(server, "/v1/containers", bearer(token));
      const { containers } = JSON.parse(body.toString()) as { containers: object[] };
      return new Set(containers.flatMap((one) => Object.keys(one)));
    };
    assert.ok((await containers(ALL)).has("type"));
    assert.equal(
      [...(await containers(GUEST))].filter((key) => ["type", "image", "cgroup"].includes(key)),
      [],
    );
  });
});

test("has only the sources of a token", async () => {
  await withScopes(async (server, [small, churn]) => {
    const other = `source=${encodeURIComponent(churn!)}`;
    for (const path of ["query", "containers", "schema", "complete"]) {
      const answer = await get(server, `/v1/${path}?${other}`, bearer(SOME));
      assert.equal([answer.status, code(answer)], [404, "UNKNOWN_SOURCE"], path);
      assert.is(answer.body.toString().replace(`got ${churn}`, "").includes(churn!), false, path);
    }
    const sessions = (await get(server, "/v1/sessions", bearer(SOME))).body.toString();
    assert.equal(JSON.parse(sessions).sources, [{ source: small, kind: "recorded" }]);
    const states = JSON.parse((await get(server, "/v1/sources", bearer(SOME))).body.toString());
    assert.equal(
      states.sources.map((one: { source: string; state: string }) => [one.source, one.state]),
      [[small, "readable"]],
    );
    assert.is(states.token.operator, false);
    const every = table(await get(server, "/v1/query?select=event", bearer(SOME))).numRows;
    const own = `/v1/query?select=event&source=${encodeURIComponent(small!)}`;
    assert.is(every, table(await get(server, own, bearer(ALL))).numRows);
  });
});

test("shows queries and metrics of others to operators only", async () => {
  await withScopes(async (server, [small]) => {
    const asked = request(
      `${server.url}/v1/query?format=csv&select=${Array(60).fill("payload")}&source=${encodeURIComponent(small!)}`,
      { headers: bearer(ALL), agent: false },
    );
    asked.on("error", () => undefined);
    asked.end();
    await new Promise((resolve) => asked.on("response", resolve));
    const listed = async (token: string): Promise<{ id: string; token: string }[]> =>
      JSON.parse((await get(server, "/v1/queries", bearer(token))).body.toString()).queries;
    assert.equal(await listed(SOME), []);
    const [query] = await listed(ALL);
    assert.is(query?.token, "operator");
    const end = (token: string): Promise<number> =>
      get(server, `/v1/queries/${query?.id}`, bearer(token), "DELETE").then(({ status }) => status);
    assert.is(await end(SOME), 404);
    assert.is(await end(ALL), 204);
    while ((await listed(ALL)).length > 0) await new Promise((done) => setTimeout(done, 20));
    assert.is((await get(server, "/metrics", bearer(SOME))).status, 403);
    const metrics = (await get(server, "/metrics", bearer(ALL))).body.toString();
    assert.match(metrics, /^tracewire_queries_total\{outcome="ended"\} 1$/m);
  });
});

test("takes other tokens while a stream goes on", async () => {
  await withScopes(async (server, [small], tokenFile) => {
    assert.is(code(await get(server, "/v1/sessions", bearer(OLD))), "TOKEN_EXPIRED");
    const client = await Client.open(server, ["tracewire.v1", `bearer.${SOME}`]);
    client.say({ source: small, select: ["timestamp"], credit: 0 });
    await client.until(() => client.frames.length > 1);
    writeFileSync(tokenFile, "{");
    assert.throws(() => server.reload({ tokenFile }), /BAD_TOKEN_FILE|expected a JSON object/);
    assert.is((await get(server, "/v1/sessions", bearer(SOME))).status, 200);
    writeFileSync(tokenFile, "another-token-of-one-line\n");
    server.reload({ tokenFile });
    assert.is((await get(server, "/v1/sessions", bearer(SOME))).status, 401);
    assert.is((await get(server, "/v1/sessions", bearer("another-token-of-one-line"))).status, 200);
    client.say({ credit: 1000 });
    assert.is((await client.last()).type, "end");
  });
});

test("listens on a Unix socket that only its owner reaches", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-socket-"));
  const path = join(folder, "sock");
  const trace = await recordedTrace("small");
  const ask = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const target = { socketPath: path, path: "/v1/query?limit=1&format=csv&select=event" };
      request({ ...target, headers: { Host: "localhost" } }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve(text));
      })
        .on("error", reject)
        .end();
    });
  try {
    const server = await serve([trace.path], { path });
    assert.is(server.url, `unix:${path}`);
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.match(await ask(), /^event\r?\n\w+/);
    await serve([trace.path], { path }).then(
      () => assert.unreachable(),
      (error: NodeJS.ErrnoException) => assert.is(error.code, "EADDRINUSE"),
    );
    await server.close();
    const again = await serve([trace.path], { path, mode: 0o660 });
    assert.is(statSync(path).mode & 0o777, 0o660);
    await again.close();
  } finally {
    await trace.remove();
    rmSync(folder, { recursive: true });
  }
});

test.run();
