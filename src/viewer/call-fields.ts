/** What system calls are given, by the names of their arguments in this trace. */

export interface DeclaredEvent {
  readonly name: string;
  readonly fields?: readonly { readonly name: string }[];
}

/** Arguments that are paths, by the kernel's names for them. */
const PATHS = ["filename", "pathname", "path", "oldname"];
const MAX_ARGUMENTS = 8;
const ENTRY = /^(?:compat_)?syscall_entry_/;

/** By the call's name: its arguments. */
export type CallFields = ReadonlyMap<string, readonly string[]>;

export function callFields(events: readonly DeclaredEvent[]): CallFields {
  const calls = new Map<string, readonly string[]>();
  for (const { name, fields = [] } of events) {
    if (!ENTRY.test(name)) continue;
    const names = fields.map((field) => field.name).filter((one) => /^[A-Za-z_]\w*$/.test(one));
    calls.set(name.replace(ENTRY, ""), names.slice(0, MAX_ARGUMENTS));
  }
  return calls;
}

/** The arguments of any call that are paths. */
export function pathFields(calls: CallFields): readonly string[] {
  const all = new Set([...calls.values()].flat());
  return PATHS.filter((name) => all.has(name));
}

/** A stage that shows a call's rows with its arguments; empty for a call that is not declared. */
export function callColumns(calls: CallFields, syscall: string): string {
  const own = calls.get(syscall);
  if (own === undefined) return "";
  const rest = own.filter((name) => !/^(timestamp|dt|container|ret|errno|syscall)$/.test(name));
  return ` |> select timestamp, dt, container, ${[...rest, "ret", "errno"].join(", ")}`;
}
