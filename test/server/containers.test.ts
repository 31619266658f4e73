import { rename, rm } from "node:fs/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { serve } from "../../src/server/server.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("server/containers");

interface Listed {
  readonly name: string;
  readonly type: string;
  readonly instances: readonly {
    readonly init_pid?: number;
    readonly to?: string;
    readonly events: number;
  }[];
}

test("lists containers with their instances, and queries by their names", async () => {
  const trace = await recordedTrace("churn");
  const server = await serve([trace.path], { port: 0 });
  const get = (path: string): Promise<Response> => fetch(`${server.url}${path}`);
  try {
    const { containers } = (await (await get("/v1/containers")).json()) as {
      containers: readonly Listed[];
    };
    const gecko = containers.find(({ name }) => name === "new-gecko");
    assert.is(gecko?.type, "lxd");
    assert.equal(
      gecko?.instances.map(({ init_pid, to }) => [init_pid, to !== undefined]),
      [
        [3198, true],
        [3296, false],
      ],
    );
    const csv = await (
      await get("/v1/query?format=csv&container=new-gecko,goofy*&select=container,container_type")
    ).text();
    const counts = new Map<string, number>();
    for (const line of csv.trim().split(/\r?\n/).slice(1))
      counts.set(line, (counts.get(line) ?? 0) + 1);
    const events = gecko?.instances.reduce((sum, { events }) => sum + events, 0);
    assert.equal([...counts.keys()].sort(), ["goofy_habit,docker", "new-gecko,lxd"]);
    assert.is(counts.get("new-gecko,lxd"), events);
    assert.is((await get("/v1/containers?source=nowhere")).status, 404);
  } finally {
    await server.close();
    await trace.remove();
  }
});

test("reads anew what was recorded anew under the same path", async () => {
  const churn = await recordedTrace("churn");
  const small = await recordedTrace("small");
  const server = await serve([churn.path], { port: 0 });
  const names = async (): Promise<readonly string[]> => {
    const listed = await (await fetch(`${server.url}/v1/containers`)).json();
    return (listed as { containers: readonly Listed[] }).containers.map(({ name }) => name);
  };
  const rows = async (container: string): Promise<number> => {
    const query = `format=csv&container=${container}&select=event`;
    const csv = await (await fetch(`${server.url}/v1/query?${query}`)).text();
    return csv.trim().split("\n").length - 1;
  };
  try {
    assert.ok((await names()).includes("new-gecko"));
    const before = await rows("new-gecko");
    assert.ok(before > 0);
    assert.is(await rows("new-gecko"), before);
    await rename(churn.path, `${churn.path}.old`);
    await rename(small.path, churn.path);
    assert.not((await names()).includes("new-gecko"));
    assert.is(await rows("new-gecko"), 0);
    assert.ok((await rows("some-redis")) > 0);
  } finally {
    await server.close();
    await rm(`${churn.path}.old`, { recursive: true });
    await churn.remove();
    await small.remove();
  }
});

test.run();
