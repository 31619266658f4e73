/** What an error says, in words. */

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "a file where a directory was expected on the way to it",
  ELOOP: "a link that leads to itself",
  ENAMETOOLONG: "a name that is too long",
  EMFILE: "too many open files (ulimit -n)",
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the host name cannot be resolved now",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network is unreachable",
  ECONNRESET: "connection reset",
};

/** What the operating system says, without the path, which messages name themselves. */
export function systemReason(error: NodeJS.ErrnoException): string {
  return REASONS[error.code ?? ""] ?? error.message;
}

/** Linux's number of a disk quota that is used up, for which libuv has no name. */
export const EDQUOT = 122;

/** Why something could not be written, with the path where the system says it. */
export function writeProblem({ errno, message }: NodeJS.ErrnoException): string {
  if (errno !== -EDQUOT) return message;
  return message.replace("UNKNOWN: unknown error", "EDQUOT: disk quota exceeded");
}

/** What was thrown says, whatever it is. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
