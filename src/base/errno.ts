/** Errors of system calls, by the numbers of Linux. */

import { ERRORS } from "./errno.generated.ts";

export interface SystemError {
  readonly name: string;
  /** What `strerror` says; "" where it knows nothing of it. */
  readonly text: string;
  /** Whether only the kernel sees it: programs get another result in its place. */
  readonly isKernels: boolean;
}

/** What no header has. @see strace, tests/ and linux/errno.h */
const KERNELS: readonly (readonly [number, string, string])[] = [
  [512, "ERESTARTSYS", "To be restarted if SA_RESTART is set"],
  [513, "ERESTARTNOINTR", "To be restarted"],
  [514, "ERESTARTNOHAND", "To be restarted if no handler"],
  [515, "ENOIOCTLCMD", ""],
  [516, "ERESTART_RESTARTBLOCK", "Interrupted by signal"],
];
/** Results down to this are errors. */
const LAST_ERROR = 4095;

const errors = new Map<number, SystemError>([
  ...ERRORS.map(([number, name, text]) => [number, { name, text, isKernels: false }] as const),
  ...KERNELS.map(([number, name, text]) => [number, { name, text, isKernels: true }] as const),
]);

/** The error that a result stands for; `undefined` where it is none. */
export function systemError(result: number): SystemError | undefined {
  if (!(result < 0 && result >= -LAST_ERROR)) return undefined;
  return errors.get(-result) ?? { name: `errno ${-result}`, text: "", isKernels: false };
}
