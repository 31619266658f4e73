/** The `lttng` commands that record only what happens in some namespaces. */

/** What is recorded. */
export interface RecordingRule {
  readonly domain: "kernel" | "userspace";
  readonly session: string | undefined;
  readonly channel: string | undefined;
  /** Names of events, as `lttng enable-event` takes them; `syscalls` as one means all system calls. */
  readonly events: readonly string[];
}

/** A pid namespace of a container, or, where that is the host's, its mount namespace. */
export interface RecordedNamespace {
  readonly type: "pid_ns" | "mnt_ns";
  readonly inode: number;
}

/** Contexts by which a trace's events are found again; the kernel has those of the host, too. */
const CONTEXTS = {
  kernel: ["pid_ns", "mnt_ns", "procname", "pid", "tid", "vpid", "vtid"],
  userspace: ["pid_ns", "mnt_ns", "procname", "vpid", "vtid"],
} as const;

/** `$ctx.pid_ns == 4026532572 || $ctx.pid_ns == 4026532600` */
export function namespaceFilter(namespaces: readonly RecordedNamespace[]): string {
  return namespaces.map(({ type, inode }) => `$ctx.${type} == ${inode}`).join(" || ");
}

/** Commands as lists of words, in their order. */
export function recordingCommands(
  rule: RecordingRule,
  namespaces: readonly RecordedNamespace[],
): readonly (readonly string[])[] {
  const filter = namespaceFilter(namespaces);
  // A channel has to be there before it gets contexts; the first rule makes the default one.
  return [...rule.events.map((event) => ruleCommand(rule, event, filter)), contextCommand(rule)];
}

/** Enables one event where the filter holds. */
export function ruleCommand(rule: RecordingRule, event: string, filter: string): readonly string[] {
  const isSyscalls = event === "syscalls" && rule.domain === "kernel";
  const what = isSyscalls ? ["--syscall", "--all"] : [event];
  return ["lttng", "enable-event", ...destination(rule), ...what, "--filter", filter];
}

/** Adds the contexts to the channel. */
export function contextCommand(rule: RecordingRule): readonly string[] {
  const contexts = CONTEXTS[rule.domain].flatMap((name) => ["--type", name]);
  return ["lttng", "add-context", ...destination(rule), ...contexts];
}

/** Options that name the domain, the session, and the channel. */
export function destination({ domain, session, channel }: RecordingRule): readonly string[] {
  return [
    `--${domain}`,
    ...(session === undefined ? [] : ["--session", session]),
    ...(channel === undefined ? [] : ["--channel", channel]),
  ];
}

/** A command for a shell. */
export function shellText(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}
