/** `/v1/openapi.json`: the HTTP interface for programs that read such documents. docs/protocol.md has it for people. */

import { DATA_FORMATS } from "../format/formats.ts";
import { QUERY_PARAMETERS } from "./engine/query-request.ts";

type Json = Readonly<Record<string, unknown>>;

const TEXT: Json = { type: "string" };
const COUNT: Json = { type: "integer", minimum: 0 };
/** Of texts that are empty nothing is meant. */
const DURATION: Json = {
  type: "string",
  pattern: "^([0-9]{1,6}(\\.[0-9]+)?(ms|s|m|min|h)?)?$",
  examples: ["10s", "500ms", "2m"],
};
const NANOSECONDS: Json = { type: "string", pattern: "^(-?([0-9]{1,18}|[1-8][0-9]{18}))?$" };
/** Of a partition. */
const BYTES: Json = { type: "integer", minimum: 0, maximum: 2 ** 34 };
const TEXTS: Json = { type: "array", items: TEXT };

/** Values of the parameters; those that are left out are texts. */
const SCHEMAS: Readonly<Record<string, Json>> = {
  limit: COUNT,
  duration: DURATION,
  maxLag: DURATION,
  settle: DURATION,
  nameWait: DURATION,
  begin_ns: NANOSECONDS,
  end_ns: NANOSECONDS,
  packets: COUNT,
  order: { enum: ["time", "none"] },
  dict: { enum: ["plain", "delta"] },
  framing: { enum: ["stream", "self"] },
  types: { enum: ["exact", "spark"] },
  overflow: { enum: ["block", "drop"] },
  format: { enum: DATA_FORMATS.map(({ name }) => name) },
};
const LISTS = ["select", "events", "container"];

/** What any route may answer. */
const ERRORS: Readonly<Record<string, string>> = {
  "400": "The request cannot be answered as it stands.",
  "401": "A token is missing, wrong or expired.",
  "403": "The Host, Origin, site or token may not do this.",
  "404": "There is no such path, source or query.",
  "405": "Not this method.",
  "429": "A limit; `Retry-After` says when to try again.",
  "500": "A defect of the server.",
  "503": "The server ends.",
};
const QUERY_ERRORS: Readonly<Record<string, string>> = {
  ...ERRORS,
  "406": "No format that the client accepts.",
  "408": "The client takes nothing of what waits for it.",
  "410": "The range of time, or the query to go on with, is gone.",
  "409": "The source has another viewer, or is not live.",
  "413": "The body is too large.",
  "415": "The body is not JSON.",
  "502": "A relay daemon fails.",
};

const queryParameters: readonly Json[] = QUERY_PARAMETERS.map((name) => ({
  name,
  in: "query",
  required: false,
  schema: SCHEMAS[name] ?? TEXT,
}));

const queryBody: Json = {
  type: "object",
  additionalProperties: false,
  properties: Object.fromEntries(
    QUERY_PARAMETERS.map((name) => [
      name,
      LISTS.includes(name) ? { anyOf: [TEXT, TEXTS] } : (SCHEMAS[name] ?? TEXT),
    ]),
  ),
};

const rows: Json = {
  description: "The rows, as a stream. Behind rows, NDJSON ends with an error as a line.",
  content: Object.fromEntries(
    DATA_FORMATS.flatMap(({ mediaTypes: [type] }) => (type === undefined ? [] : [[type, {}]])),
  ),
};

function answers(ok: Json, errors: Readonly<Record<string, string>> = ERRORS): Json {
  const content = { "application/json": { schema: { $ref: "#/components/schemas/Error" } } };
  const refused = Object.entries(errors).map(([status, description]) => [
    status,
    { description, content },
  ]);
  return { "200": ok, ...Object.fromEntries(refused) };
}

function json(description: string, schema: Json): Json {
  return { description, content: { "application/json": { schema } } };
}

function text(description: string): Json {
  return { description, content: { "text/plain": { schema: TEXT } } };
}

function get(
  summary: string,
  responses: Json,
  parameters: readonly Json[] = [],
  isOpen: boolean = false,
): Json {
  return { get: { summary, parameters, responses, ...(isOpen && { security: [] }) } };
}

function parameter(name: string, schema: Json): Json {
  return { name, in: "query", required: false, schema };
}

const source: Json = parameter("source", TEXT);

const sourceState: Json = {
  type: "object",
  required: ["source", "kind", "state", "since", "message", "lag_seconds"],
  properties: {
    source: TEXT,
    kind: { enum: ["live", "recorded"] },
    state: { enum: ["attaching", "attached", "waiting", "lost", "ended", "failed", "readable"] },
    since: { type: ["string", "null"], format: "date-time" },
    message: TEXT,
    lag_seconds: { type: ["number", "null"] },
  },
};

const PATHS: Readonly<Record<string, Json>> = {
  "/": get(
    "The page.",
    answers({ description: "HTML", content: { "text/html": { schema: TEXT } } }),
    [],
    true,
  ),
  "/healthz": get("Whether the server is alive.", answers(text("`ok`")), [], true),
  "/readyz": {
    get: {
      summary: "Whether every live source is attached and there is room for a query.",
      security: [],
      responses: {
        ...answers(json("Ready.", { $ref: "#/components/schemas/Ready" })),
        "503": json("Not ready.", { $ref: "#/components/schemas/Ready" }),
      },
    },
  },
  "/metrics": get(
    "Metrics for Prometheus. For operators.",
    answers(text("Prometheus' text format.")),
  ),
  "/v1/openapi.json": get(
    "This document.",
    answers(json("OpenAPI 3.1.", { type: "object" })),
    [],
    true,
  ),
  "/v1/complete": get(
    "What may follow a filter or query that is being typed.",
    answers(json("Items.", { type: "object", required: ["items", "hasNames"] })),
    [
      { name: "prefix", in: "query", required: false, schema: { type: "string", maxLength: 2000 } },
      source,
      { name: "limit", in: "query", required: false, schema: { ...COUNT, maximum: 1000 } },
    ],
  ),
  "/v1/containers": get(
    "Containers with their instances by time.",
    answers(json("Containers.", { type: "object", required: ["containers"] }), QUERY_ERRORS),
    [source],
  ),
  "/v1/explain": get(
    "What a filter or a query reads, decides and gives.",
    answers(json("Text.", { type: "object", required: ["text"] }), QUERY_ERRORS),
    [{ ...parameter("q", TEXT), required: true }, source],
  ),
  "/v1/plan": get(
    "Ranges of recorded sources that can be read one by one.",
    answers(json("Partitions.", { type: "object", required: ["partitions"] }), QUERY_ERRORS),
    [
      source,
      parameter("bytes", BYTES),
      parameter("begin", TEXT),
      parameter("end", TEXT),
      parameter("begin_ns", NANOSECONDS),
      parameter("end_ns", NANOSECONDS),
    ],
  ),
  "/v1/queries": get(
    "Queries that run or wait; without an operator's token, one's own.",
    answers(json("Queries.", { type: "object", required: ["queries"] })),
  ),
  "/v1/queries/{id}": {
    delete: {
      summary: "Ends a query.",
      parameters: [{ name: "id", in: "path", required: true, schema: TEXT }],
      responses: { "204": { description: "It has ended." }, ...answersWithout200() },
    },
  },
  "/v1/query": {
    get: {
      summary: "The rows of a query, as a stream.",
      parameters: queryParameters,
      responses: answers(rows, QUERY_ERRORS),
    },
    post: {
      summary: "The same, its parameters in a JSON object.",
      requestBody: { required: true, content: { "application/json": { schema: queryBody } } },
      responses: answers(rows, QUERY_ERRORS),
    },
  },
  "/v1/schema": get(
    "Event classes and their fields.",
    answers(json("Events.", { type: "object", required: ["events", "isComplete"] }), QUERY_ERRORS),
    [source],
  ),
  "/v1/sessions": get(
    "The sources, and the sessions of their relay daemons.",
    answers(json("Sources.", { type: "object", required: ["sources", "sessions"] }), QUERY_ERRORS),
  ),
  "/v1/sources": get(
    "The sources and how each fares. No relay daemon is asked.",
    answers(
      json("Sources.", {
        type: "object",
        required: ["sources", "token"],
        properties: { sources: { type: "array", items: sourceState } },
      }),
      QUERY_ERRORS,
    ),
  ),
  "/v1/losses": get(
    "What tracers lost in a range of recorded sources.",
    answers(json("Losses.", { type: "object", required: ["losses"] }), QUERY_ERRORS),
    [source, parameter("begin_ns", NANOSECONDS), parameter("end_ns", NANOSECONDS)],
  ),
  "/v1/watermark": get(
    "Up to when recorded sources are complete, and from when on they are kept.",
    answers(json("Sources.", { type: "object", required: ["sources"] }), QUERY_ERRORS),
    [source, parameter("maxLag", DURATION)],
  ),
};

function answersWithout200(): Json {
  const { "200": _, ...errors } = answers({});
  return errors;
}

export const OPENAPI: Json = {
  openapi: "3.1.0",
  info: {
    title: "tracewire",
    version: "1",
    description:
      "Queries over live LTTng sessions and recorded traces. Every GET may also be a HEAD.",
  },
  paths: PATHS,
  security: [{}, { bearer: [] }],
  components: {
    securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    schemas: {
      Error: {
        type: "object",
        required: ["error"],
        properties: {
          error: {
            type: "object",
            required: ["code", "message"],
            properties: {
              code: TEXT,
              message: TEXT,
              start: COUNT,
              end: COUNT,
              expected: TEXTS,
            },
          },
        },
      },
      Ready: {
        type: "object",
        required: ["ready", "attached", "sources", "room"],
        properties: {
          ready: { type: "boolean" },
          attached: COUNT,
          sources: COUNT,
          room: { type: "boolean" },
        },
      },
    },
  },
};
