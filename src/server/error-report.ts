import { FeedError, FilterError, ProtocolError, SourceError, TraceError } from "../base/errors.ts";

/** An error as clients get it. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  /** Span in the filter expression, UTF-16 code units. */
  readonly start?: number;
  readonly end?: number;
  /** What could have stood at the span instead. */
  readonly expected?: readonly string[];
}

/** Sources that are there, but not as they were asked for. */
const SOURCE_STATUS: Readonly<Record<string, number>> = {
  BAD_URL: 400,
  NO_SESSION: 400,
  SELECT_UNKNOWN_FIELD: 400,
  SOURCE_MIXED: 400,
  TIME_SYNTAX: 400,
  SOURCE_NOT_FOUND: 404,
  SOURCE_NOT_DIRECTORY: 404,
  SOURCE_NO_TRACE: 404,
  UNKNOWN_SESSION: 404,
  ALREADY_ATTACHED: 409,
  NOT_LIVE: 409,
  ATTACH_REFUSED: 502,
};

/** The HTTP status that an error means. */
export function httpStatus(error: unknown): number {
  if (error instanceof FeedError) return error.status < 600 ? error.status : 500;
  if (error instanceof FilterError) return 400;
  if (error instanceof ProtocolError) return 502;
  if (error instanceof SourceError) return SOURCE_STATUS[error.code] ?? 500;
  return 500;
}

/** RFC 6455 §7.4: an internal error, and (4000–4999: free for applications) a query that cannot be run as it stands. */
const CLOSE_FAILED = 1011;
const CLOSE_BAD_QUERY = 4400;

/** The WebSocket close code that an error means. */
export function closeCode(error: unknown): number {
  const status = httpStatus(error);
  return status === 400 || (error instanceof FeedError && status < 500)
    ? CLOSE_BAD_QUERY
    : CLOSE_FAILED;
}

/** What a client may know of an error: everything of a `TraceError`, nothing of a defect. */
export function errorReport(error: unknown): ErrorReport {
  if (error instanceof FilterError) {
    const { code, message, start, end, expected } = error;
    return { code, message, start, end, ...(expected.length > 0 && { expected }) };
  }
  if (error instanceof TraceError) return { code: error.code, message: error.message };
  return { code: "INTERNAL", message: "the server failed at this; its log says why" };
}

/** `{"error":{…}}` */
export function errorBody(error: unknown): string {
  return JSON.stringify({ error: errorReport(error) });
}

/** Whether it is a fault of this program, worth a stack in the log. */
export function isBug(error: unknown): error is Error {
  return !(error instanceof TraceError);
}
