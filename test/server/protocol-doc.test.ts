/** docs/protocol.md says what the server does: parameters, routes, frames, metadata, error codes. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RecordBatchReader } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { QUERY_PARAMETERS } from "../../src/server/engine/query-request.ts";
import { ROUTES } from "../../src/server/routes.ts";
import { PROJECT } from "../support/traces.ts";
import { Client, get, withLive, withRecorded } from "./lab.ts";

const test = suite("server/protocol-doc");
const DOC = readFileSync(join(PROJECT, "docs/protocol.md"), "utf8");

/** The cells of the table under a header row that begins so. */
function rows(header: string): string[][] {
  const lines = DOC.split("\n");
  const at = lines.findIndex((line) => line.startsWith(`| ${header}`));
  assert.ok(at >= 0, `a table of ${header}`);
  const end = lines.findIndex((line, i) => i > at && !line.startsWith("|"));
  return lines.slice(at + 2, end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function words(cell: string | undefined): string[] {
  return [...(cell ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}

const firsts = (header: string): string[] => rows(header).map(([first]) => words(first)[0]!);

test("names every parameter and route, and no other", () => {
  assert.equal(firsts("parameter").sort(), [...QUERY_PARAMETERS].sort());
  assert.equal(firsts("path").sort(), [...ROUTES].sort());
});

test("names every error code of the server with its status", () => {
  const folder = join(PROJECT, "src/server");
  const found = new Map<string, string>([["INTERNAL", "500"]]);
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    const file = join(folder, name);
    const text = readFileSync(file, "utf8");
    const thrown = /new FeedError\(\s*"([A-Z_]+)",[\s\S]{0,400}?,\s*(\d{3})\b/g;
    for (const [, code, status] of text.matchAll(thrown)) found.set(code!, status!);
  }
  const documented = rows("code").map(([code, status]) => [words(code)[0]!, status!]);
  assert.equal(documented.sort(), [...found].sort());
});

test("names the metadata of batches", async () => {
  await withRecorded(async (server) => {
    const { body } = await get(server, "/v1/query?limit=10");
    const reader = await RecordBatchReader.from(body).open();
    const { metadata } = reader.next().value!;
    assert.equal(
      [...metadata.keys()].sort(),
      firsts("key")
        .filter((key) => key !== "lost_by_stream")
        .sort(),
    );
  });
});

test("names the fields of frames as they are sent", async () => {
  const fields = new Map(rows("`type`").map(([type, names]) => [words(type)[0]!, words(names)]));
  await withLive(
    async (server) => {
      const client = await Client.ask(server, { where: '$container.name == "no-such"', limit: 1 });
      await client.until(() => client.frames.some(({ type }) => type === "note"));
      client.socket.terminate();
      const other = await Client.ask(server, { limit: 5 });
      await other.last();
      const failing = await Client.ask(server, { limit: -1 });
      await failing.last();
      const frames = [client, other, failing].flatMap(({ frames: own }) => own);
      const types = new Set(frames.map(({ type }) => type));
      assert.equal([...types].sort(), ["end", "error", "note", "status"]);
      const known = (type: string): readonly string[] =>
        type === "end" ? fields.get("status")! : fields.get(type)!;
      for (const { type, ...rest } of frames)
        for (const name of Object.keys(rest))
          assert.ok(known(type).includes(name), `${type}: ${name}`);
      const status = new Set(
        frames.flatMap((frame) => (frame.type === "status" ? Object.keys(frame) : [])),
      );
      const always = fields.get("status")!.filter((name) => name !== "streams");
      assert.equal(
        always.filter((name) => !status.has(name)),
        [],
      );
    },
    {},
    { retainBytes: 1 << 20 },
  );
});

test.run();
