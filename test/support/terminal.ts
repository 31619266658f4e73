/** A real terminal for tests: tmux without a user, whose screen is read as text. */

import { spawnSync } from "node:child_process";
import { eventually } from "./child.ts";

let count = 0;

export class Terminal {
  readonly #socket: string;

  /** Opens a terminal with a shell in it. */
  constructor(columns: number, rows: number, env: Readonly<Record<string, string>> = {}) {
    this.#socket = `tracewire-test-${process.pid}-${count++}`;
    const settings = Object.entries({ PS1: "$ ", TZ: "UTC", ...env }).map(
      ([name, value]) => `export ${name}='${value}'; `,
    );
    this.#tmux("new-session", "-d", "-x", `${columns}`, "-y", `${rows}`, "bash --norc --noprofile");
    this.#tmux("set-option", "-g", "status", "off");
    this.type(
      `${settings.join("")}unset NO_COLOR FORCE_COLOR CI; ${env["NO_COLOR"] ? "export NO_COLOR=1; " : ""}clear`,
    );
    this.keys("Enter");
  }

  type(text: string): void {
    this.#tmux("send-keys", "-l", text);
  }

  /** Presses keys, by tmux's names: `Enter`, `BSpace`, `C-c`. */
  keys(...names: string[]): void {
    this.#tmux("send-keys", ...names);
  }

  run(command: string): void {
    this.type(command);
    this.keys("Enter");
  }

  /** What is on the screen; with escape sequences where they are asked for. */
  screen(hasStyles: boolean = false): string {
    return this.#tmux("capture-pane", "-p", ...(hasStyles ? ["-e"] : []));
  }

  /** Waits until the screen shows something; gives the screen. */
  async until(pattern: RegExp): Promise<string> {
    let last = "";
    try {
      return await eventually(
        `the screen shows ${pattern}`,
        () => {
          last = this.screen();
          return pattern.test(last) ? last : undefined;
        },
        40_000,
      );
    } catch (error) {
      throw new Error(`${error}\n${last}`);
    }
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`);
  }

  /** What tmux says of the terminal, such as `alternate_on`, `cursor_flag`. */
  flag(name: string): string {
    return this.#tmux("display-message", "-p", `#{${name}}`).trim();
  }

  close(): void {
    spawnSync("tmux", ["-L", this.#socket, "kill-server"]);
  }

  #tmux(...args: string[]): string {
    const { stdout, stderr, status } = spawnSync(
      "tmux",
      ["-L", this.#socket, "-f", "/dev/null", ...args],
      {
        encoding: "utf8",
        env: { ...process.env, LC_ALL: "C.UTF-8", TERM: "xterm-256color" },
      },
    );
    if (status !== 0) throw new Error(`tmux ${args.join(" ")}: ${stderr}`);
    return stdout;
  }
}

/** A screen without the blanks at the ends of its lines. */
export function trimmed(screen: string): string {
  return `${screen
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd()}\n`;
}
