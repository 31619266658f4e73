/** System calls in strace's words: by hand for each common call, by its grammar for all of a recording. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { argumentsText, type Fields } from "../../src/strace/call-line.ts";
import { errorText, flagsText } from "../../src/strace/constants.ts";
import { durationText, resultText } from "../../src/strace/result.ts";
import { CallSummary } from "../../src/strace/summary.ts";
import { traceSet } from "../../src/strace/trace-set.ts";
import { CallTracer, type TracedCall } from "../../src/strace/tracer.ts";
import { run } from "../support/program.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("strace/calls");
const trace = await recordedTrace("small");
test.after(() => trace.remove());

/** As the lines of strace -y for the same calls, of descriptors 3, `/etc/passwd`, and 4, a socket. */
const EXPECTED: readonly (readonly [string, Fields, Fields, string])[] = [
  [
    "openat",
    { dfd: -100, filename: "/etc/passwd", flags: 524288, mode: 0 },
    { ret: 5 },
    'openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 5',
  ],
  [
    "openat",
    { dfd: 3, filename: 'a\n"b\u00e9', flags: 577, mode: 0o644 },
    { ret: -13 },
    'openat(3</etc/passwd>, "a\\n\\"b\\303\\251", O_WRONLY|O_CREAT|O_TRUNC, 0644) = -1 EACCES (Permission denied)',
  ],
  [
    "open",
    { filename: "/x", flags: 2, mode: 0 },
    { ret: -2 },
    'open("/x", O_RDWR) = -1 ENOENT (No such file or directory)',
  ],
  [
    "read",
    { fd: 3, count: 832 },
    { ret: 832, buf: 4096 },
    "read(3</etc/passwd>, 0x1000, 832) = 832",
  ],
  [
    "write",
    { fd: 1, buf: 4096, count: 5 },
    { ret: -11 },
    "write(1, 0x1000, 5) = -1 EAGAIN (Resource temporarily unavailable)",
  ],
  [
    "pread64",
    { fd: 3, count: 784, pos: 64 },
    { ret: 784, buf: 4096 },
    "pread64(3</etc/passwd>, 0x1000, 784, 64) = 784",
  ],
  ["close", { fd: 3 }, { ret: 0 }, "close(3</etc/passwd>) = 0"],
  [
    "lseek",
    { fd: 3, offset: -127, whence: 1 },
    { ret: 288 },
    "lseek(3</etc/passwd>, -127, SEEK_CUR) = 288",
  ],
  [
    "mmap",
    { addr: 0, len: 8192, prot: 3, flags: 34, fd: -1, offset: 0 },
    { ret: 140186482356224 },
    "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f7fb57bb000",
  ],
  [
    "mmap",
    { addr: 0, len: 1, prot: 0, flags: 2, fd: 3, offset: 0 },
    { ret: -12 },
    "mmap(NULL, 1, PROT_NONE, MAP_PRIVATE, 3</etc/passwd>, 0) = -1 ENOMEM (Cannot allocate memory)",
  ],
  [
    "mprotect",
    { start: 4096, len: 16384, prot: 1 },
    { ret: 0 },
    "mprotect(0x1000, 16384, PROT_READ) = 0",
  ],
  ["munmap", { addr: 4096, len: 14123 }, { ret: 0 }, "munmap(0x1000, 14123) = 0"],
  [
    "madvise",
    { start: 4096, len_in: 4096, behavior: 4 },
    { ret: 0 },
    "madvise(0x1000, 4096, MADV_DONTNEED) = 0",
  ],
  ["brk", { brk: 0 }, { ret: 94331368885424 }, "brk(NULL) = 0x55cb3bbbccb0"],
  [
    "clone",
    { flags: 18874385, newsp: 0, parent_tid: 0, child_tid: 4096 },
    { ret: 86 },
    "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x1000) = 86",
  ],
  [
    "execve",
    { filename: "/usr/bin/sleep", argv: 4096, envp: 8192 },
    { ret: 0 },
    'execve("/usr/bin/sleep", 0x1000, 0x2000) = 0',
  ],
  [
    "wait4",
    { upid: -1, options: 1 },
    { ret: -10, stat_addr: 4096, ru: 0 },
    "wait4(-1, 0x1000, WNOHANG, NULL) = -1 ECHILD (No child processes)",
  ],
  [
    "fcntl",
    { fd: 3, cmd: 1, arg: 0 },
    { ret: 1, arg: 0 },
    "fcntl(3</etc/passwd>, F_GETFD) = 0x1 (flags FD_CLOEXEC)",
  ],
  [
    "fcntl",
    { fd: 3, cmd: 3, arg: 0 },
    { ret: 1, arg: 0 },
    "fcntl(3</etc/passwd>, F_GETFL) = 0x1 (flags O_WRONLY)",
  ],
  [
    "fcntl",
    { fd: 3, cmd: 4, arg: 2048 },
    { ret: 0, arg: 2048 },
    "fcntl(3</etc/passwd>, F_SETFL, O_RDONLY|O_NONBLOCK) = 0",
  ],
  [
    "fcntl",
    { fd: 3, cmd: 2, arg: 1 },
    { ret: 0, arg: 1 },
    "fcntl(3</etc/passwd>, F_SETFD, FD_CLOEXEC) = 0",
  ],
  [
    "newfstatat",
    { dfd: -100, filename: "/vm/go", flag: 0 },
    { ret: -2, statbuf: 4096 },
    'newfstatat(AT_FDCWD, "/vm/go", 0x1000, 0) = -1 ENOENT (No such file or directory)',
  ],
  [
    "newfstatat",
    { dfd: 3, filename: "", flag: 4096 },
    { ret: 0, statbuf: 4096 },
    'newfstatat(3</etc/passwd>, "", 0x1000, AT_EMPTY_PATH) = 0',
  ],
  [
    "access",
    { filename: "/etc/ld.so.preload", mode: 4 },
    { ret: -2 },
    'access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file or directory)',
  ],
  [
    "rt_sigaction",
    { sig: 2, act: 4096, sigsetsize: 8 },
    { ret: 0, oact: 8192 },
    "rt_sigaction(SIGINT, 0x1000, 0x2000, 8) = 0",
  ],
  [
    "rt_sigprocmask",
    { how: 2, nset: 4096, sigsetsize: 8 },
    { ret: 0, oset: 0 },
    "rt_sigprocmask(SIG_SETMASK, 0x1000, NULL, 8) = 0",
  ],
  ["kill", { pid: 76, sig: 10 }, { ret: 0 }, "kill(76, SIGUSR1) = 0"],
  [
    "futex",
    { uaddr: 4096, op: 129, val: 1, utime: 0, uaddr2: 0, val3: 0 },
    { ret: 0 },
    "futex(0x1000, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) = 0",
  ],
  [
    "futex",
    { uaddr: 4096, op: 393, val: 0, utime: 0, uaddr2: 0, val3: 1 },
    { ret: -512 },
    "futex(0x1000, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
  ],
  [
    "socket",
    { family: 2, type: 526337, protocol: 0 },
    { ret: 7 },
    "socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0) = 7",
  ],
  [
    "connect",
    {
      fd: 4,
      uservaddr: 4096,
      addrlen: 16,
      family: 2,
      dport: 6379,
      _v4addr_length: 4,
      v4addr: [127, 0, 0, 1],
    },
    { ret: -115 },
    'connect(4<socket>, {sa_family=AF_INET, sin_port=htons(6379), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress)',
  ],
  [
    "sendto",
    { fd: 4, buff: 4096, len: 45, flags: 16384, addr: 0, addr_len: 0 },
    { ret: 45 },
    "sendto(4<socket>, 0x1000, 45, MSG_NOSIGNAL, NULL, 0) = 45",
  ],
  [
    "poll",
    {
      timeout_msecs: -1,
      nfds: 1,
      fds_length: 1,
      overflow: 0,
      fds: [{ fd: 4, raw_events: 4, events: { POLLIN: 0, POLLOUT: 1, padding: 0 } }],
    },
    { ret: 1 },
    "poll([{fd=4, events=POLLOUT}], 1, -1) = 1",
  ],
  [
    "epoll_wait",
    { epfd: 9, maxevents: 64, timeout: 100 },
    {
      ret: 1,
      fds_length: 1,
      overflow: 0,
      fds: [
        {
          data_union: { u64: "18446744073709551615", fd: -1 },
          raw_events: 1,
          events: { EPOLLIN: 1, padding: 0 },
        },
      ],
    },
    "epoll_wait(9, [{events=EPOLLIN, data=0xffffffffffffffff}], 64, 100) = 1",
  ],
  [
    "prlimit64",
    { pid: 0, resource: 3, new_rlim: 0 },
    { ret: 0, old_rlim: 4096 },
    "prlimit64(0, RLIMIT_STACK, NULL, 0x1000) = 0",
  ],
  [
    "ioctl",
    { fd: 2, cmd: 21523, arg: 4096 },
    { ret: -25 },
    "ioctl(2, TIOCGWINSZ, 0x1000) = -1 ENOTTY (Inappropriate ioctl for device)",
  ],
  ["umask", { mask: 18 }, { ret: 63 }, "umask(022) = 077"],
  [
    "clock_nanosleep",
    { which_clock: 1, flags: 0, rqtp: 4096 },
    { ret: -516, rmtp: 8192 },
    "clock_nanosleep(CLOCK_MONOTONIC, 0, 0x1000, 0x2000) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)",
  ],
  [
    "getrandom",
    { id: 318, args: [4096, 8, 1, 0, 0, 0] },
    { id: 318, ret: 8 },
    "getrandom(0x1000, 8, GRND_NONBLOCK) = 8",
  ],
  ["getpid", {}, { ret: 17 }, "getpid() = 17"],
];

const FILES: Readonly<Record<number, string>> = { 3: "/etc/passwd", 4: "socket" };

for (const [name, entry, exit, expected] of EXPECTED) {
  test(expected, () => {
    const call = { name, entry, exit };
    const pathOf = (fd: number): string | undefined => FILES[fd];
    const text = `${name}(${argumentsText(call, pathOf)}) = ${resultText(call, exit["ret"]!, pathOf)}`;
    assert.is(text, expected);
  });
}

test("flags without a name are numbers, and errors without one are, too", () => {
  assert.is(flagsText("open", 0x40000000 | 64), "O_CREAT|0x40000000");
  assert.is(flagsText("prot", 0), "PROT_NONE");
  assert.is(errorText(-3000), "-1 (errno 3000)");
  assert.is(errorText(-4096), undefined);
  assert.is(durationText(1_234_567_890n), "<1.234568>");
});

/** Stands where events were lost. */
const LOSS = ["loss", {}] as const;

/** Events of one task as lines. */
function lines(events: readonly (readonly [string, Fields])[]): string[] {
  const calls: TracedCall[] = [];
  const tracer = new CallTracer(
    () => true,
    (call) => calls.push(call),
  );
  events.forEach(([event, fields], i) => {
    if (event === "loss") {
      tracer.interrupt(() => true);
      return;
    }
    const at = {
      ns: BigInt(i) * 1000n,
      event,
      host: "h",
      pid: 7,
      tid: 7,
      command: "x",
      container: "c",
    };
    tracer.take({ ...at, payload: () => fields }, true);
  });
  tracer.end(() => true);
  return calls.map(({ text }) => text.replace(/ <[\d.]+>$/, ""));
}

const entry = (name: string, fields: Fields): readonly [string, Fields] => [
  `syscall_entry_${name}`,
  fields,
];
const exit = (name: string, ret: number, more: Fields = {}): readonly [string, Fields] => [
  `syscall_exit_${name}`,
  { ret, ...more },
];

test("descriptors are followed: dump, open, dup, close, exec", () => {
  const read = [entry("read", { fd: 3, count: 1 }), exit("read", 0, { buf: 0 })];
  const shown = lines([
    [
      "lttng_statedump_file_descriptor",
      { file_table_address: 99, fd: 0, flags: 0, filename: "/dev/tty" },
    ],
    ["lttng_statedump_process_state", { pid: 7, tid: 7, file_table_address: 99 }],
    entry("read", { fd: 0, count: 1 }),
    exit("read", 0, { buf: 0 }),
    entry("openat", { dfd: -100, filename: "/a", flags: 524288, mode: 0 }),
    exit("openat", 3),
    entry("dup2", { oldfd: 3, newfd: 9 }),
    exit("dup2", 9),
    entry("execve", { filename: "/b", argv: 0, envp: 0 }),
    exit("execve", 0),
    ...read,
    entry("read", { fd: 9, count: 1 }),
    exit("read", 0, { buf: 0 }),
    entry("close", { fd: 9 }),
    exit("close", 0),
    entry("read", { fd: 9, count: 1 }),
    exit("read", -9, { buf: 0 }),
  ]);
  assert.equal(shown, [
    "read(0</dev/tty>, NULL, 1) = 0",
    'openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = 3</a>',
    "dup2(3</a>, 9) = 9</a>",
    'execve("/b", NULL, NULL) = 0',
    "read(3, NULL, 1) = 0",
    "read(9</a>, NULL, 1) = 0",
    "close(9</a>) = 0",
    "read(9, NULL, 1) = -1 EBADF (Bad file descriptor)",
  ]);
});

test("an entry without its exit is unfinished, an exit without its entry resumed, an exit for ever has no result", () => {
  assert.equal(
    lines([exit("read", 4), entry("exit_group", { error_code: 1 }), entry("poll", { nfds: 0 })]),
    ["<... read resumed>) = 4", "exit_group(1) = ?", "poll(0, <unfinished ...>"],
  );
});

test("no call spans a loss: an exit behind it is of a call whose entry may be another", () => {
  assert.equal(lines([entry("close", { fd: 3 }), LOSS, exit("close", 0)]), [
    "close(3, <unfinished ...>",
    "<... close resumed>) = 0",
  ]);
});

for (const [set, yes, no] of [
  ["trace=%file", ["openat", "execve", "newfstatat"], ["read", "futex"]],
  ["%desc", ["read", "close", "openat"], ["getpid"]],
  ["%network", ["socket", "connect"], ["open"]],
  ["!futex,read", ["open"], ["futex", "read"]],
  ["openat,%memory", ["openat", "mmap"], ["open"]],
] as const) {
  test(`-e ${set}`, () => {
    const isOne = traceSet(set);
    assert.equal([yes.every(isOne), no.some(isOne)], [true, false]);
  });
}

test("unknown calls and classes are refused with the nearest", () => {
  assert.throws(
    () => traceSet("opneat"),
    /expected a system call, got opneat; did you mean openat/,
  );
  assert.throws(() => traceSet("%fil"), /did you mean %file/);
});

test("the summary is strace's table", () => {
  const summary = new CallSummary();
  const call = { name: "read", ns: 3_000_000n, isFailed: false } as TracedCall;
  summary.add(call);
  summary.add({ ...call, isFailed: true });
  summary.add({ ...call, name: "close", ns: 2_000_000n });
  assert.is(
    String(summary),
    `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 75.00    0.006000        3000         2         1 read
 25.00    0.002000        2000         1           close
------ ----------- ----------- --------- --------- ----------------
100.00    0.008000        2666         3         1 total
`,
  );
});

const GRAMMAR =
  /^\[pid +\d+\] \d\d:\d\d:\d\d\.\d{6} (?:<\.\.\. \w+ resumed>|\w+\(.*)(?:\) += (?:\?(?: \w+ \(.*\))?|-1 \w+ \(.*\)|-?\d+(?:<.*>)?|0x[0-9a-f]+(?: \(flags .*\))?|0\d*)(?: <\d+\.\d{6}>)?|<unfinished \.\.\.>)$/;

for (const container of ["some-redis", "thirsty_meninsky", "master-cheetah"]) {
  test(`every call of ${container} is in strace's grammar`, () => {
    const { stdout, status } = run(["strace", trace.path, "--container", container]);
    assert.is(status, 0);
    const all = stdout.trim().split("\n");
    assert.ok(all.length > 100, `${all.length} lines`);
    assert.equal(
      all.filter((line) => !GRAMMAR.test(line)),
      [],
    );
  });
}

test("options narrow the calls", () => {
  const failed = run(["strace", trace.path, "--failed", "-e", "trace=%file"])
    .stdout.trim()
    .split("\n");
  assert.ok(failed.length > 10 && failed.every((line) => / = -1 E/.test(line)));
  const slow = run(["strace", trace.path, "--slower", "10ms", "--format", "json"])
    .stdout.trim()
    .split("\n");
  assert.ok(slow.every((line) => JSON.parse(line).dt >= 10e6));
  const one = run(["strace", trace.path, "--pid", "1119", "--limit", "3"])
    .stdout.trim()
    .split("\n");
  assert.is(one.length, 3);
  assert.ok(one.every((line) => line.startsWith("[pid  1119]")));
});

test.run();
