/** The thread that scans recorded traces, started warm. */

import { runInThread } from "./thread.ts";

runInThread("scan");
