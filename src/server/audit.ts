/** The audit log: a line of JSON for each query that ended and each request that was refused. */

import type { IncomingMessage } from "node:http";
import { errorReport, httpStatus } from "./error-report.ts";
import type { LineFile } from "./line-file.ts";
import type { Client, QueryEnd } from "./query-desk.ts";

/** Longer targets of refused requests are cut. */
const MAX_TARGET = 2000;

export class Audit {
  readonly #file: LineFile | undefined;

  constructor(file: LineFile | undefined) {
    this.#file = file;
  }

  get leftOut(): number {
    return this.#file?.leftOut ?? 0;
  }

  query({ query, totals, outcome }: QueryEnd): void {
    const { id, client, transport, text, sources, beganMs } = query;
    this.#write({
      kind: "query",
      id,
      ...facts(client),
      transport,
      query: text,
      sources,
      began: new Date(beganMs).toISOString(),
      seconds: (Date.now() - beganMs) / 1000,
      rows: totals.rows,
      bytes: totals.bytes,
      dropped: totals.dropped,
      late: totals.late,
      cpu_seconds: Math.round(totals.cpuMs) / 1000,
      outcome,
    });
  }

  /** @param client or its address, where it is not known who it is */
  refusal(request: IncomingMessage, client: Client | string, error: unknown): void {
    this.#write({
      kind: "refusal",
      ...(typeof client === "string" ? { address: client } : facts(client)),
      request: `${request.method} ${request.url}`.slice(0, MAX_TARGET),
      status: httpStatus(error),
      outcome: errorReport(error).code,
    });
  }

  /** A query that was ended by an operator. */
  ended(id: string, by: Client): void {
    this.#write({ kind: "end", id, ...facts(by) });
  }

  #write(line: Record<string, unknown>): void {
    this.#file?.line(JSON.stringify({ time: new Date().toISOString(), ...line }));
  }
}

function facts({ address, grant }: Client): { readonly address: string; readonly token: string } {
  return { address, token: grant.name };
}
