/** Follows one container of a live session: `node follow.js net://localhost/host/web1/my-session web`. */

import { query } from "tracewire";

const [url = "net://localhost", container = "web"] = process.argv.slice(2);
const failed = query(url, {
  where: "ret < 0",
  container,
  select: ["timestamp", "event", "container", "ret"],
  wait: true,
  onNote: console.error,
});

for await (const { timestamp, event, ret } of failed.rows()) {
  const time = new Date(Number((timestamp as bigint) / 1_000_000n));
  console.log(`${time.toISOString()} ${event} ${ret}`);
}
