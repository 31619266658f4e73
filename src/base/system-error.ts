/** What an error says, in words. */

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "a file where a directory was expected on the way to it",
  ELOOP: "a link that leads to itself",
  ENAMETOOLONG: "a name that is too long",
  EMFILE: "too many open files (ulimit -n)",
};

/** What the operating system says, without the path, which messages name themselves. */
export function systemReason(error: NodeJS.ErrnoException): string {
  return REASONS[error.code ?? ""] ?? error.message;
}

/** What was thrown says, whatever it is. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
