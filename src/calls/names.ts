/** Names of system calls and of their arguments: as the kernel's functions have them, which LTTng records, and as strace prints them. */

import { callName } from "./constants.ts";
import { CALLS } from "./uapi.generated.ts";

/** Where the kernel's function is called otherwise than the system call. @see arch/x86/entry/syscalls/syscall_64.tbl */
const CALL_OF_FUNCTION: Readonly<Record<string, string>> = {
  newuname: "uname",
  newstat: "stat",
  newfstat: "fstat",
  newlstat: "lstat",
  sendfile64: "sendfile",
  umount: "umount2",
  sysctl: "_sysctl",
};
const FUNCTION_OF_CALL = new Map(
  Object.entries(CALL_OF_FUNCTION).map(([name, call]) => [call, name]),
);

/** Which end of a call an event records, and how LTTng calls the call; `undefined` for other events. */
export function callEvent(
  event: string,
): { readonly isEntry: boolean; readonly recorded: string } | undefined {
  const match = /^(?:compat_)?syscall_(entry|exit)_(.+)$/.exec(event);
  return match === null ? undefined : { isEntry: match[1] === "entry", recorded: match[2]! };
}

/** The system call of an event; LTTng calls those unknown for which it has no table. */
export function callOfEvent(recorded: string, number: number): string {
  if (recorded === "unknown") return callName(number) ?? recorded;
  return CALL_OF_FUNCTION[recorded] ?? recorded;
}

/** Arguments of a call, in their order: name and kind; `undefined` where the headers have none. */
export function prototypeOf(call: string): readonly (readonly [string, string])[] | undefined {
  return CALLS[FUNCTION_OF_CALL.get(call) ?? call];
}

/** Orders of those whose prototypes have types alone. */
const ORDERS: Readonly<Record<string, readonly string[]>> = {
  rt_sigaction: ["sig", "act", "oact", "sigsetsize"],
  accept: ["fd", "upeer_sockaddr", "upeer_addrlen"],
  accept4: ["fd", "upeer_sockaddr", "upeer_addrlen", "flags"],
  getsockname: ["fd", "usockaddr", "usockaddr_len"],
  getpeername: ["fd", "usockaddr", "usockaddr_len"],
  bind: ["fd", "umyaddr", "addrlen"],
  connect: ["fd", "uservaddr", "addrlen"],
  socketpair: ["family", "type", "protocol", "socket"],
  sendto: ["fd", "buff", "len", "flags", "addr", "addr_len"],
  recvfrom: ["fd", "ubuf", "size", "flags", "addr", "addr_len"],
  prlimit64: ["pid", "resource", "new_rlim", "old_rlim"],
  pread64: ["fd", "buf", "count", "pos"],
  mmap: ["addr", "len", "prot", "flags", "fd", "offset"],
  clone: ["flags", "newsp", "parent_tid", "child_tid", "tls"],
  ppoll: ["ufds", "nfds", "tsp", "sigmask", "sigsetsize"],
  pselect6: ["n", "inp", "outp", "exp", "tvp", "sig"],
  io_submit: ["ctx_id", "nr", "iocbpp"],
  lookup_dcookie: ["cookie64", "buf", "len"],
  arch_prctl: ["option", "arg2"],
  rt_sigreturn: [],
  vfork: [],
};

/** Names of the arguments of a call, in their order. */
export function argumentOrder(call: string): readonly string[] {
  return ORDERS[call] ?? prototypeOf(call)?.map(([name]) => name) ?? [];
}

/** Fields that LTTng calls otherwise than the prototypes. */
const ARGUMENT_OF_FIELD: Readonly<Record<string, readonly string[]>> = {
  tcache: ["cache"],
  cpup: ["cpu"],
  nodep: ["node"],
  mmsg: ["msg"],
  utx: ["tx"],
  mask: ["mask_1"],
  fds: ["ufds", "events"],
  pathname: ["path"],
  old_nodes: ["from"],
  new_nodes: ["to"],
  option: ["cmd"],
  type: ["_type"],
  ringid: ["destringid"],
  upid: ["pid"],
  op_enum: ["op"],
  tsops: ["sops"],
  nr_events: ["nr_reqs"],
  ctxp: ["ctx"],
  uset: ["set"],
  nset: ["set"],
  oldname: ["old"],
  newname: ["new"],
  shmflg: ["flag"],
  len_in: ["len"],
  timeout_msecs: ["timeout"],
  readfds: ["inp"],
  writefds: ["outp"],
  exceptfds: ["exp"],
};

/** The argument that a field is; the field itself where there is none of another name. */
export function argumentOfField(order: readonly string[], field: string): string {
  if (order.includes(field)) return field;
  const bare = field.replace(/^u_/, "").replace(/([res]?[ug]id)p$/, "$1");
  const others = [...(ARGUMENT_OF_FIELD[field] ?? []), bare];
  return others.find((name) => order.includes(name)) ?? field;
}
