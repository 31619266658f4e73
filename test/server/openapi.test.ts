/** The OpenAPI document says what the server does: schemathesis drives it with what the document allows, and with what it does not. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { QUERY_PARAMETERS } from "../../src/server/engine/query-request.ts";
import { ROUTE_TABLE } from "../../src/server/routes.ts";
import { Child } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { get, withRecorded } from "./lab.ts";

const plainTest = suite("server/openapi");
const fuzzed = needs(plainTest, ["schemathesis"]);

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: {
    readonly content: Record<string, { readonly schema: { readonly properties: object } }>;
  };
}

plainTest("names every route, method and parameter", async () => {
  await withRecorded(async (server) => {
    const document = JSON.parse((await get(server, "/v1/openapi.json")).body.toString()) as {
      readonly openapi: string;
      readonly paths: Record<string, Record<string, Operation>>;
    };
    assert.is(document.openapi, "3.1.0");
    const routes = ROUTE_TABLE.flatMap(({ path, methods }) =>
      methods.map((one) => `${one} ${path}`),
    );
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.equal(documented.sort(), routes.sort());
    const { get: asked, post } = document.paths["/v1/query"]!;
    assert.equal(
      asked!.parameters!.map(({ name }) => name),
      [...QUERY_PARAMETERS],
    );
    const { schema } = post!.requestBody!.content["application/json"]!;
    assert.equal(Object.keys(schema.properties), [...QUERY_PARAMETERS]);
  });
});

fuzzed("answers whatever schemathesis thinks of, and never with a defect", async () => {
  await withRecorded(
    async (server) => {
      const child = new Child("schemathesis", [
        "run",
        `${server.url}/v1/openapi.json`,
        ...["--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"],
        ...["--max-examples", process.env["LONG"] === undefined ? "15" : "300"],
        ...["--request-timeout", "20", "--no-color"],
      ]);
      const { code } = await child.end();
      assert.is(code, 0, child.stdout.slice(-4000));
      assert.is((await get(server, "/healthz")).status, 200);
    },
    { limits: { maxWaitMs: 5000 } },
  );
});

plainTest.run();
