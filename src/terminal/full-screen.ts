/**
 * A terminal taken over for a program of its own screens: the alternate screen, keys one by one, no cursor. However the
 * process ends, by itself, a signal or an error, the terminal is then as it was.
 */

import { writeSync } from "node:fs";
import type { ReadStream, WriteStream } from "node:tty";
import type { Frame, ScreenSize } from "./frame.ts";
import { drawing } from "./guard.ts";
import { listenToKeys } from "./keys.ts";
import { Painter } from "./painter.ts";

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
/** Terminals that do not say how large they are. */
const USUAL: ScreenSize = { columns: 80, rows: 24 };

const SIGNALS = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

export interface FullScreenOptions {
  readonly input: ReadStream;
  readonly output: WriteStream;
  /** The output's file descriptor. */
  readonly fd: number;
  readonly hasColors: boolean;
  readonly onKey: (key: string) => void;
  readonly onResize: () => void;
  /** A signal asks to end. */
  readonly onSignal: (signal: NodeJS.Signals) => void;
}

export class FullScreen {
  readonly #options: FullScreenOptions;
  readonly #painter: Painter;
  #isOpen = false;
  #stopKeys: (() => void) | undefined;

  constructor(options: FullScreenOptions) {
    this.#options = options;
    this.#painter = new Painter((text) => options.output.write(drawing(text)), options.hasColors);
  }

  get size(): ScreenSize {
    const { columns, rows } = this.#options.output;
    return { columns: columns || USUAL.columns, rows: rows || USUAL.rows };
  }

  open(): void {
    const { input, output, onKey } = this.#options;
    this.#isOpen = true;
    process.on("exit", this.#leave);
    process.on("uncaughtExceptionMonitor", this.#leave);
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    process.on("SIGCONT", this.#onContinue);
    output.on("resize", this.#options.onResize);
    input.setRawMode(true);
    this.#stopKeys = listenToKeys(input, onKey);
    input.resume();
    output.write(drawing(ENTER));
  }

  paint(frame: Frame): void {
    if (this.#isOpen) this.#painter.paint(frame);
  }

  /** Something else has written to the terminal. */
  repaint(): void {
    this.#painter.forget();
  }

  /** Gives the terminal to the shell, until it is continued. */
  suspend(): void {
    this.#restore();
    process.kill(process.pid, "SIGSTOP");
  }

  close(): void {
    if (!this.#isOpen) return;
    const { input, output } = this.#options;
    this.#stopKeys?.();
    this.#leave();
    process.off("exit", this.#leave);
    process.off("uncaughtExceptionMonitor", this.#leave);
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    process.off("SIGCONT", this.#onContinue);
    output.off("resize", this.#options.onResize);
    input.pause();
  }

  /** Written at once: a process that crashes has no other turn of its event loop. */
  readonly #leave = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#restore();
  };

  #restore(): void {
    const { input, fd } = this.#options;
    try {
      input.setRawMode(false);
      writeSync(fd, LEAVE);
    } catch {
      // The terminal has gone.
    }
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => this.#options.onSignal(signal);

  readonly #onContinue = (): void => {
    if (!this.#isOpen) return;
    this.#options.input.setRawMode(true);
    this.#options.output.write(drawing(ENTER));
    this.#painter.forget();
    this.#options.onResize();
  };
}
