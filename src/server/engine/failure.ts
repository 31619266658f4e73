/** Errors as messages between threads: an error that is cloned keeps neither its class nor its code. */

import {
  FeedError,
  FilterError,
  LimitError,
  MetadataError,
  ProtocolError,
  SourceError,
  TraceError,
} from "../../base/errors.ts";
import { errorReport } from "../error-report.ts";
import type { Failure } from "./messages.ts";

export function failureOf(error: unknown): Failure {
  const report = errorReport(error);
  const status = error instanceof FeedError ? error.status : 500;
  const peer = error instanceof ProtocolError ? error.peer : undefined;
  if (error instanceof TraceError)
    return { type: typeOf(error), report, status, peer, stack: undefined };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { type: "defect", report, status, peer, stack };
}

function typeOf(error: TraceError): Failure["type"] {
  if (error instanceof FeedError) return "feed";
  if (error instanceof FilterError) return "filter";
  if (error instanceof ProtocolError) return "protocol";
  if (error instanceof MetadataError) return "metadata";
  return error instanceof LimitError ? "limit" : "source";
}

/** The error again: of its class, with its code and message. */
export function errorOf({ type, report, status, peer, stack }: Failure): Error {
  const { code, message } = report;
  switch (type) {
    case "feed":
      return new FeedError(code, message, status);
    case "filter": {
      const { start = 0, end = 0, expected = [] } = report;
      return new FilterError(code, message, { start, end }, { expected });
    }
    case "protocol":
      return new ProtocolError(code, message, peer === undefined ? {} : { peer });
    case "metadata":
      return new MetadataError(code, message);
    case "limit":
      return new LimitError(code, message);
    case "source":
      return new SourceError(code, message);
    case "defect": {
      const error = new Error(message);
      if (stack !== undefined) error.stack = stack;
      return error;
    }
  }
}
