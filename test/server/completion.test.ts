import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CompletionList } from "../../src/server/engine/completion.ts";
import type { RunningServer } from "../../src/server/server.ts";
import { get, withLive, withRecorded } from "./lab.ts";

const test = suite("server/completion");

async function ask(
  server: RunningServer,
  parameters: Readonly<Record<string, string>>,
): Promise<CompletionList> {
  const { body, status } = await get(server, `/v1/complete?${new URLSearchParams(parameters)}`);
  assert.is(status, 200);
  return JSON.parse(body.toString()) as CompletionList;
}

const texts = ({ items }: CompletionList): readonly string[] => items.map(({ text }) => text);

test("offers the names of a recorded trace, of one source or of all", async () => {
  await withRecorded(async (server, source) => {
    for (const more of [{}, { source }]) {
      const list = await ask(server, { prefix: "ret < 0 && filen", ...more });
      assert.ok(list.hasNames);
      assert.equal(list.items[0], {
        text: "filename",
        from: 11,
        kind: "name",
        detail: "text",
        classes: 6,
      });
    }
    assert.ok(texts(await ask(server, { prefix: "ret " })).includes("&&"));
    const events = await ask(server, { prefix: '$event.name == "sched_sw' });
    assert.equal(texts(events), ['"sched_switch"']);
    assert.is((await ask(server, { limit: "3" })).items.length, 3);
  });
});

test("knows the names of a live session once its metadata have come", async () => {
  await withLive(
    async (server) => {
      // Read from its beginning, a session is not read at all before the first query.
      const before = await ask(server, { prefix: "$event.na" });
      assert.not(before.hasNames);
      assert.is(texts(before)[0], "$event.name");
      assert.is((await get(server, "/v1/query?limit=1&format=ndjson")).status, 200);
      const after = await ask(server, { prefix: "ret < 0 && filen" });
      assert.ok(after.hasNames);
      assert.is(texts(after)[0], "filename");
    },
    { speed: 1 },
  );
});

test("refuses what is not served, and what is too long", async () => {
  await withRecorded(async (server) => {
    assert.is((await get(server, "/v1/complete?source=nowhere")).status, 404);
    assert.is((await get(server, "/v1/complete?what=x")).status, 400);
    assert.is((await get(server, `/v1/complete?prefix=${"(".repeat(3000)}`)).status, 400);
  });
});

test.run();
