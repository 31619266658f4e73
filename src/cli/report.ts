import { CommanderError } from "commander";
import { TraceError } from "../base/errors.ts";
import { systemReason } from "../base/system-error.ts";
import { colorsFor } from "./colors.ts";

/** What scripts can rely on. `incomplete`: all that could be read was, but data was damaged or lost on the way. */
export const ExitCode = { ok: 0, failed: 1, usage: 2, incomplete: 3 } as const;

/** Code of a CommanderError that nothing has printed yet. */
export const UNPRINTED = "tracewire.unprinted";

const colors = colorsFor(process.stderr);

/** One clear line on stderr; a stack only for what is our own fault. */
export function describeError(error: unknown): string {
  if (error instanceof TraceError) return error.message;
  if (error instanceof Error && "code" in error && typeof error.code === "string")
    return listenProblem(error as ListenError) ?? error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

type ListenError = NodeJS.ErrnoException & {
  readonly port?: number;
  readonly address?: string;
  readonly hostname?: string;
};

/** What to do where an address cannot be listened on. */
function listenProblem(error: ListenError): string | undefined {
  // `relay/dial.ts` tells of names that it connects to; this one is to be listened on.
  if (error.syscall === "getaddrinfo")
    return `listening on ${error.hostname}: expected a name or an address of this machine, got ${systemReason(error)}`;
  if (error.syscall !== "listen") return undefined;
  if (error.address?.startsWith("/") === true) return socketProblem(error, error.address);
  const place = `listening on ${error.address ?? "localhost"}:${error.port ?? ""}`;
  switch (error.code) {
    case "EADDRINUSE":
      return `${place}: expected a free port, got one that another program has; choose another by --listen :PORT`;
    case "EACCES":
      return `${place}: permission denied; ports below 1024 need root or CAP_NET_BIND_SERVICE`;
    case "EADDRNOTAVAIL":
      return `${place}: expected an address of this machine`;
    default:
      return undefined;
  }
}

function socketProblem(error: ListenError, path: string): string {
  const place = `listening on ${path}`;
  if (error.code === "EADDRINUSE") return `${place}: expected a new path, got one that is taken`;
  // What the folder forbids or lacks comes as EACCES.
  return `${place}: expected a folder that a socket can be made in, got ${systemReason(error)}`;
}

/** Prints the error and sets the exit code; the process ends when nothing is left to do. */
export function report(error: unknown): void {
  if (error instanceof CommanderError) {
    // commander has printed its own messages already; help and version are no failures.
    if (error.code === UNPRINTED)
      process.stderr.write(`${colors.red("error:")} ${error.message}\n`);
    process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    return;
  }
  process.stderr.write(`${colors.red("error:")} ${describeError(error)}\n`);
  process.exitCode = ExitCode.failed;
}

/** Sets the exit code of a command that could not read everything, unless it failed. */
export function reportIncomplete(): void {
  process.exitCode ??= ExitCode.incomplete;
}

/** As `report`, and makes sure that the process ends even if something still holds it. */
export function reportAndExit(error: unknown): void {
  report(error);
  setTimeout(() => process.exit(), GRACE_MS).unref();
}

/** How long connections may take to say goodbye. */
export const GRACE_MS = 700;

/** A line of status on stderr, never mixed with data. */
export function note(text: string): void {
  process.stderr.write(`${colors.dim(text)}\n`);
}

/** A line of warning on stderr. */
export function warn(text: string): void {
  process.stderr.write(`${colors.yellow("warning:")} ${text}\n`);
}
