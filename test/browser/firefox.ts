/** A tab of a real Firefox, by WebDriver BiDi over its own port: playwright-core drives only builds of its own. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { Child, eventually } from "../support/child.ts";

type Json = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly type?: string;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly message?: string;
}

interface RemoteValue {
  readonly type: string;
  readonly value?: unknown;
}

/** Nothing that the browser does by itself. */
const PREFERENCES: Readonly<Record<string, unknown>> = {
  "app.update.disabledForTesting": true,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.page": 0,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

export class FirefoxTab {
  /** Errors and warnings of the console, and exceptions. */
  readonly complaints: string[] = [];
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (message: Message) => void>();
  #sent = 0;
  #context = "";

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => this.#take(JSON.parse(String(data)) as Message));
  }

  static async open(url: string): Promise<FirefoxTab> {
    const socket = new WebSocket(`${url}/session`);
    await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
    const tab = new FirefoxTab(socket);
    await tab.#call("session.new", { capabilities: {} });
    await tab.#call("session.subscribe", { events: ["log.entryAdded"] });
    const { context } = await tab.#call("browsingContext.create", { type: "tab" });
    tab.#context = String(context);
    return tab;
  }

  async goto(url: string): Promise<void> {
    await this.#call("browsingContext.navigate", { context: this.#context, url, wait: "complete" });
  }

  async size(width: number, height: number): Promise<void> {
    const viewport = { width, height };
    await this.#call("browsingContext.setViewport", { context: this.#context, viewport });
  }

  /** The value of an expression, as JSON has it. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.#call("script.evaluate", {
      expression: `(async () => JSON.stringify(await (${expression})))()`,
      target: { context: this.#context },
      awaitPromise: true,
    })) as { result?: RemoteValue; exceptionDetails?: { text: string } };
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
    return typeof result?.value === "string" ? JSON.parse(result.value) : (undefined as T);
  }

  /** Waits until an expression is true. */
  async until(expression: string): Promise<void> {
    await eventually(expression, async () => {
      return (await this.evaluate<boolean>(expression)) === true || undefined;
    });
  }

  async press(key: string): Promise<void> {
    const actions = ["keyDown", "keyUp"].map((type) => ({ type, value: key }));
    const keyboard = { type: "key", id: "keyboard", actions };
    await this.#call("input.performActions", { context: this.#context, actions: [keyboard] });
  }

  async picture(path: string): Promise<void> {
    const { data } = await this.#call("browsingContext.captureScreenshot", {
      context: this.#context,
    });
    writeFileSync(path, Buffer.from(String(data), "base64"));
  }

  close(): void {
    this.#socket.terminate();
  }

  #call(method: string, params: Json): Promise<Json> {
    const id = ++this.#sent;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ type, result, message }) => {
        if (type === "success") resolve(result ?? {});
        else reject(new Error(`${method}: ${message}`));
      });
    });
  }

  #take(message: Message): void {
    const { id, method, params } = message;
    if (method === "log.entryAdded" && /^(error|warn)$/.test(String(params?.["level"])))
      this.complaints.push(String(params?.["text"]));
    if (id === undefined) return;
    this.#answers.get(id)?.(message);
    this.#answers.delete(id);
  }
}

/** A Firefox with a profile of its own, which ends with the work. */
export async function withFirefox(
  work: (tab: FirefoxTab) => Promise<void>,
  preferences: Json = {},
): Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), "tracewire-firefox-"));
  const lines = Object.entries({ ...PREFERENCES, ...preferences }).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  writeFileSync(join(profile, "user.js"), lines.join("\n"));
  const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"];
  const browser = new Child("firefox-esr", args, { ...process.env, HOME: profile });
  const said = /WebDriver BiDi listening on (ws:\S+)/;
  try {
    await browser.until("listens", () => said.test(browser.stderr));
    const tab = await FirefoxTab.open(said.exec(browser.stderr)![1]!);
    try {
      await work(tab);
    } finally {
      tab.close();
    }
  } finally {
    browser.process.kill();
    await browser.stop();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
