/** What the operating system says, in words and without the path, which messages name themselves. */

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "a file where a directory was expected on the way to it",
  ELOOP: "a link that leads to itself",
  ENAMETOOLONG: "a name that is too long",
  EMFILE: "too many open files (ulimit -n)",
};

export function systemReason(error: NodeJS.ErrnoException): string {
  return REASONS[error.code ?? ""] ?? error.message;
}
