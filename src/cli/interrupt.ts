/** Settles at Ctrl-C or SIGTERM. A second Ctrl-C ends the process at once. */
export function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      process.off("SIGINT", end);
      process.off("SIGTERM", end);
      process.once("SIGINT", () => process.exit());
      resolve();
    };
    process.on("SIGINT", end);
    process.on("SIGTERM", end);
  });
}
