// The server ends when the process that started it does: then its standard input ends.
if (require("node:worker_threads").isMainThread) {
  process.stdin.on("error", () => undefined);
  process.stdin.on("close", () => process.kill(process.pid, "SIGTERM"));
  process.stdin.resume();
}
