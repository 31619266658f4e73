/** A recorded trace as an Arrow table: `node to-arrow.js ./trace`. */

import { tableFromIPC } from "apache-arrow";
import { openTrace } from "tracewire";

const trace = await openTrace(process.argv[2] ?? "./trace");
console.log(`${trace.eventNames.length} event classes`);

const events = trace.query({ select: ["timestamp", "event", "cpu_id"] });
const table = await tableFromIPC(events.to("arrow"));
console.log(`${table.numRows} rows: ${table.schema.names.join(", ")}`);
