/**
 * LTTng's daemons for tests. Every program is the one that `PATH` finds: a folder before the others with `lttng`,
 * `lttng-sessiond`, `lttng-relayd` and `babeltrace2` of another LTTng, and a `gcc` and `cc` that link with its liblttng-ust,
 * runs the same tests against that.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "uvu";
import { Application, buildApplication, CONTAINED } from "./application.ts";
import { type Child, eventually, stopChildren } from "./child.ts";
import { mayUnshare, Namespace } from "./namespace.ts";
import { needs } from "./needs.ts";
import { accepts, freePorts } from "./ports.ts";

const PROGRAMS = ["lttng", "lttng-relayd", "lttng-sessiond", "gcc", "babeltrace2", "unshare"];

export interface SessionOptions {
  /** Period of the live timer; 0 makes a session that is not live. Default 200 ms. */
  readonly liveTimerUs?: number;
  /** Event rule patterns; none leaves the session without a channel. Default every event of the test application. */
  readonly events?: readonly string[];
  readonly contexts?: readonly string[];
  readonly buffers?: "uid" | "pid";
  /** Further options of the channel. */
  readonly channel?: readonly string[];
  /** Default true. */
  readonly isStarted?: boolean;
}

/** The suite's tests, if this machine has what it takes to run LTTng's daemons and to trace applications. */
export function needsLttng<Context>(test: Test<Context>): Test<Context> | Test<Context>["skip"] {
  const missing = new Set<string>();
  if (!mayUnshare()) missing.add("permission-to-unshare");
  const include = spawnSync("gcc", ["-E", "-"], { input: "#include <lttng/tracepoint.h>\n" });
  if (include.status !== 0) missing.add("lttng/tracepoint.h");
  return needs(test, [...PROGRAMS, ...missing]);
}

/** The daemons for one test file: started by the first test that asks, ended after the last. */
export function sharedLttng<Context>(test: Test<Context>): () => Promise<Lttng> {
  let started: Promise<Lttng> | undefined;
  test.after.each(stopChildren);
  test.after(async () => {
    await stopChildren();
    // If they did not start, the tests have reported it.
    await started?.then(
      (lttng) => lttng.close(),
      () => undefined,
    );
  });
  return () => {
    started ??= Lttng.start();
    return started;
  };
}

/** A relay daemon and a session daemon of our own, apart from any other on this machine. */
export class Lttng {
  /** Where viewers connect. */
  readonly livePort: number;
  readonly #folder: string;
  readonly #namespace: Namespace;
  readonly #env: NodeJS.ProcessEnv;
  readonly #ports: readonly number[];
  #program: Promise<string> | undefined;
  #relayd: Child | undefined;

  private constructor(folder: string, namespace: Namespace, ports: readonly number[]) {
    this.#folder = folder;
    this.#namespace = namespace;
    this.#ports = ports;
    this.#env = environment(folder);
    this.livePort = ports[2]!;
  }

  static async start(): Promise<Lttng> {
    const folder = mkdtempSync(join(tmpdir(), "tracewire-lttng-"));
    const ports = await freePorts(4);
    const agent = ports[3];
    const namespace = await Namespace.open(
      [
        // The daemon itself, not a shell around it, is what is killed.
        `exec ${relayDaemon(ports).join(" ")} > "$LTTNG_HOME/relayd.log" 2>&1`,
        `exec lttng-sessiond --no-kernel --group root --agent-tcp-port ${agent} > "$LTTNG_HOME/sessiond.log" 2>&1`,
      ].map((daemon) => `(${daemon})`),
      { ...process.env, LTTNG_HOME: folder },
    );
    const lttng = new Lttng(folder, namespace, ports);
    try {
      await lttng.#untilReady();
    } catch (error) {
      const logs = ["relayd.log", "sessiond.log"].map((name) => read(join(folder, name)));
      await lttng.close();
      throw new Error(`the daemons do not start:\n${logs.join("\n")}`, { cause: error });
    }
    return lttng;
  }

  /** One command of LTTng's command line tool; gives back what it printed. */
  lttng(...args: string[]): Promise<string> {
    return this.run("lttng", ["--no-sessiond", ...args]).output();
  }

  /** A program where the session daemon is the one to register with. */
  run(program: string, args: readonly string[]): Child {
    return this.#namespace.run(program, args, this.#env);
  }

  /** Starts the test application, and waits until its events can be recorded. */
  async application(
    tag: string,
    options: { readonly isContained?: boolean; readonly delayUs?: number } = {},
  ): Promise<Application> {
    this.#program ??= buildApplication(this.#folder);
    const args = [await this.#program, tag, String(options.delayUs ?? 0)];
    const [program = "", ...rest] = options.isContained ? [...CONTAINED, ...args] : args;
    return Application.started(this.run(program, rest));
  }

  /** An application that emits some ticks and is gone, within some ten milliseconds. */
  async shortLived(tag: string, ticks: number): Promise<void> {
    this.#program ??= buildApplication(this.#folder);
    const child = this.run(await this.#program, [tag, "0"]);
    child.send(`tick ${ticks}`);
    child.process.stdin?.end();
    await child.output();
  }

  async createSession(name: string, options: SessionOptions = {}): Promise<void> {
    const { liveTimerUs = 200_000, events = ["tracewire_test:*"], contexts = [] } = options;
    const [control, data] = this.#ports;
    await this.lttng(
      "create",
      name,
      ...(liveTimerUs === 0 ? [] : [`--live=${liveTimerUs}`]),
      `--ctrl-url=tcp://127.0.0.1:${control}`,
      `--data-url=tcp://127.0.0.1:${data}`,
    );
    const into = ["--session", name, "--userspace"];
    const buffers = `--buffers-${options.buffers ?? "uid"}`;
    const { channel = [] } = options;
    if (events.length > 0)
      await this.lttng("enable-channel", ...into, buffers, ...channel, "channel");
    for (const event of events) await this.enableEvent(name, event);
    const types = contexts.flatMap((context) => ["--type", context]);
    if (types.length > 0) await this.lttng("add-context", ...into, ...types);
    if (options.isStarted ?? true) await this.lttng("start", name);
  }

  async enableEvent(session: string, event: string): Promise<void> {
    const into = ["--session", session, "--userspace", "--channel", "channel"];
    await this.lttng("enable-event", ...into, event);
  }

  /** Ends a session: everything recorded reaches the relay daemon first. */
  async end(session: string): Promise<void> {
    await this.lttng("stop", session);
    // Not waited for: with another session of the same applications, lttng-tools 2.13.9 waits for ever.
    await this.lttng("destroy", "--no-wait", session);
  }

  /** What a viewer says to attach. */
  url(session: string): string {
    return `net://127.0.0.1:${this.livePort}/host/${hostname()}/${session}`;
  }

  /** The trace that the relay daemon has stored. */
  stored(session: string): string {
    const folder = join(this.#folder, "relayd", hostname());
    const name = readdirSync(folder).find(
      (entry) => /-\d{8}-\d{6}$/.exec(entry)?.index === session.length && entry.startsWith(session),
    );
    if (name === undefined) throw new Error(`no stored trace of ${session} in ${folder}`);
    return join(folder, name);
  }

  /** Kills the relay daemon, as a crash would. */
  async killRelayd(): Promise<void> {
    if (this.#relayd === undefined) process.kill(this.#namespace.daemons[0]!, "SIGKILL");
    else this.#relayd.process.kill("SIGKILL");
    await eventually("the relay daemon is gone", async () =>
      (await accepts(this.livePort)) ? undefined : true,
    );
  }

  /** Starts it again on the same ports; it knows nothing of what was. */
  async restartRelayd(): Promise<void> {
    const [program = "", ...args] = relayDaemon(this.#ports);
    const output = ["-o", join(this.#folder, "relayd")];
    // It must not outlive the test.
    const command = ["--pdeathsig", "KILL", "--", program, ...args.slice(0, -2), ...output];
    this.#relayd = this.run("setpriv", command);
    await this.#untilReady();
  }

  async close(): Promise<void> {
    await this.#relayd?.stop();
    await this.#namespace.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #untilReady(): Promise<void> {
    await eventually("the relay daemon listens", async () =>
      (await accepts(this.livePort)) && (await accepts(this.#ports[0]!)) ? true : undefined,
    );
    await eventually("the session daemon answers", async () => {
      const { code } = await this.run("lttng", ["--no-sessiond", "list"]).ended;
      return code === 0 ? true : undefined;
    });
  }
}

function relayDaemon([control, data, live]: readonly number[]): readonly string[] {
  const at = (port: number | undefined): string => `tcp://127.0.0.1:${port}`;
  const ports = ["-C", at(control), "-D", at(data), "-L", at(live)];
  return ["lttng-relayd", "--group", "root", ...ports, "-o", '"$LTTNG_HOME/relayd"'];
}

/**
 * Applications wait, however slow the machine is, until the session daemon knows them. Daemons of LTTng 2.16 refuse to
 * start where applications may block.
 */
function environment(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LTTNG_HOME: folder,
    LTTNG_UST_REGISTER_TIMEOUT: "-1",
    LTTNG_UST_ALLOW_BLOCKING: "1",
  };
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
