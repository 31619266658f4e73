/** What the network's thread and the threads that run queries say to each other. Everything here can be cloned. */

import type { FollowState } from "../../base/item.ts";
import type { NamedPlaces } from "../../runtimes/place-kinds.ts";
import type { SourceOptions } from "../../source/source.ts";
import type { ErrorReport } from "../error-report.ts";

/** What one thread serves. */
export interface EngineOptions {
  /** Every source of the server; those that are live are attached only where `attaches` says so. */
  readonly sources: readonly string[];
  readonly attaches: boolean;
  readonly follow: SourceOptions;
  readonly containers: "auto" | NamedPlaces | undefined;
  /** Bytes of results for clients that lose their connection, and how many are used: one count for all threads. */
  readonly retain: { readonly bytes: number; readonly used: SharedArrayBuffer } | undefined;
  /** The thread's number, part of the names of its queries. */
  readonly number: number;
}

/** What a client asked, as it came: it is read where the query runs. */
export type Asked =
  /** The parameters of a URL. */
  | { readonly kind: "url"; readonly search: string; readonly accept: string | undefined }
  /** The body of a request: a JSON object. */
  | { readonly kind: "body"; readonly text: string; readonly accept: string | undefined }
  /** The first frame of a WebSocket. */
  | { readonly kind: "frame"; readonly text: string };

/** What a query may use. */
export interface QueryLimits {
  /** Milliseconds of a processor. */
  readonly cpuMs: number;
  readonly rows: number;
  readonly bytes: number;
  readonly columns: number;
  /** Of an aggregate; the others share one row. */
  readonly groups: number;
  readonly filterCost: number;
  /** How long its client may take nothing, in ms. */
  readonly stallMs: number;
}

export interface QueryTask {
  readonly asked: Asked;
  /** The sources that are read, chosen from those that the client may see. */
  readonly sources: readonly string[];
  /** Names of fields that the client may not see. */
  readonly hidden: readonly string[];
  readonly limits: QueryLimits;
}

/** What clients ask and get as it is: the answer crosses as the bytes of its JSON. */
export type ClientCall =
  | "complete"
  | "containers"
  | "explain"
  | "losses"
  | "plan"
  | "schema"
  | "watermark";

/** What the server makes something of: the answer crosses as a value. */
export const SERVER_CALLS = ["problems", "queries", "sessions", "sources"] as const;
export type ServerCall = (typeof SERVER_CALLS)[number];

/** A question that is answered at once. */
export interface Call {
  readonly name: ClientCall | ServerCall;
  readonly search: string;
  readonly sources: readonly string[];
  readonly hidden: readonly string[];
}

export type ToEngine =
  | { readonly kind: "query"; readonly id: number; readonly task: QueryTask }
  /** So many bytes of a query have gone to its client. */
  | { readonly kind: "written"; readonly id: number; readonly bytes: number }
  /** A later frame of its client. */
  | { readonly kind: "frame"; readonly id: number; readonly text: string }
  /** Its client has gone, and may come back if the query can be resumed. */
  | { readonly kind: "leave"; readonly id: number }
  /** The server ends: what can be said of it is said, and it ends. */
  | { readonly kind: "finish"; readonly id: number }
  /** It ends, whatever it could still give. */
  | { readonly kind: "stop"; readonly id: number }
  | { readonly kind: "call"; readonly id: number; readonly call: Call }
  | { readonly kind: "close" };

/** What a query has done so far. */
export interface QueryTotals {
  readonly rows: number;
  readonly bytes: number;
  readonly dropped: number;
  readonly late: number;
  readonly cpuMs: number;
  /** Behind the present moment, in ms; of live queries only. */
  readonly lagMs: number | undefined;
}

/** What a live source has brought so far. */
export interface SourceTotals {
  readonly source: string;
  readonly isAttached: boolean;
  /** `ended` and `failed`: nothing is attached until the next query asks for it. */
  readonly state: FollowState | "attaching" | "ended" | "failed";
  /** When the state began, in ms since the epoch. */
  readonly sinceMs: number;
  /** Why, and what is tried; empty while all is well. */
  readonly message: string;
  readonly packets: number;
  readonly bytes: number;
  /** Age of the newest data, in ms. */
  readonly lagMs: number | undefined;
  readonly losses: {
    readonly events: number;
    readonly packets: number;
    readonly gaps: number;
    readonly clears: number;
    readonly reconnects: number;
  };
}

/** Why a recorded source cannot be read. */
export interface SourceProblem {
  readonly source: string;
  readonly message: string;
}

export type FromEngine =
  | { readonly kind: "opened" }
  | { readonly kind: "failed"; readonly failure: Failure }
  /** What comes before an HTTP answer's first byte. */
  | {
      readonly kind: "head";
      readonly id: number;
      readonly contentType: string;
      readonly notes: readonly string[];
    }
  /** Part of the result. The memory is moved. */
  | { readonly kind: "bytes"; readonly id: number; readonly bytes: Uint8Array }
  /** A text frame for a WebSocket. */
  | { readonly kind: "text"; readonly id: number; readonly text: string }
  | { readonly kind: "end"; readonly id: number }
  /** @param canEnd whether the error stands among the rows, so that the answer ends instead of breaking */
  | {
      readonly kind: "fail";
      readonly id: number;
      readonly failure: Failure;
      readonly canEnd: boolean;
    }
  /** The last that is said of a query: it uses nothing any more. */
  | { readonly kind: "over"; readonly id: number; readonly totals: QueryTotals }
  /** @param value of a `ClientCall` its bytes, whose memory is moved */
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "refusal"; readonly id: number; readonly failure: Failure }
  | { readonly kind: "log"; readonly text: string }
  | { readonly kind: "closed" };

/** An error on its way between threads. */
export interface Failure {
  /** The class of the error; `defect` is none of the program's own. */
  readonly type: "feed" | "filter" | "protocol" | "source" | "metadata" | "limit" | "defect";
  readonly report: ErrorReport;
  /** Of a FeedError. */
  readonly status: number;
  readonly peer: string | undefined;
  /** Of a defect. */
  readonly stack: string | undefined;
}
