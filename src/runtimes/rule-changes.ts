/**
 * The `lttng` commands by which event rules follow the namespaces of containers that come and go. Rules are disabled by their event's
 * name, all at once: rules of these names in the channel belong to who calls this.
 */

import {
  contextCommand,
  destination,
  namespaceFilter,
  type RecordedNamespace,
  type RecordingRule,
  ruleCommand,
} from "./lttng-commands.ts";

/** Where events go while containers are followed. */
export interface FollowedRule extends RecordingRule {
  readonly channel: string;
}

/** A namespace's name, by which it is the same one or not. */
export function namespaceKey({ type, inode }: RecordedNamespace): string {
  return `${type} ${inode}`;
}

/**
 * Commands after which exactly the events of `wanted` are recorded, if before those of `recorded` were. A namespace that is in both
 * misses the few milliseconds between two commands if another one ends, and nothing if another one begins.
 */
export function changeCommands(
  rule: FollowedRule,
  recorded: readonly RecordedNamespace[],
  wanted: readonly RecordedNamespace[],
): readonly (readonly string[])[] {
  const [before, after] = [recorded, wanted].map((all) => new Set(all.map(namespaceKey))) as [
    Set<string>,
    Set<string>,
  ];
  const isEnded = recorded.some((one) => !after.has(namespaceKey(one)));
  const begun = isEnded ? wanted : wanted.filter((one) => !before.has(namespaceKey(one)));
  return rule.events.flatMap((event) => [
    ...(isEnded ? [disableCommand(rule, event)] : []),
    ...(begun.length > 0 ? [ruleCommand(rule, event, namespaceFilter(begun))] : []),
  ]);
}

/** Disables every rule of this event's name. */
export function disableCommand(rule: FollowedRule, event: string): readonly string[] {
  const isSyscalls = event === "syscalls" && rule.domain === "kernel";
  const what = isSyscalls ? ["--syscall", "--all-events"] : [event];
  return ["lttng", "disable-event", ...destination(rule), ...what];
}

/** Makes a channel with the contexts by which events are found again. Sessions take one before they are first started. */
export function channelCommands(rule: FollowedRule): readonly (readonly string[])[] {
  const into = destination({ ...rule, channel: undefined });
  return [["lttng", "enable-channel", ...into, rule.channel], contextCommand(rule)];
}
