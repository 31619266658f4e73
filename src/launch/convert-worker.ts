/** The thread that converts slices of traces, started warm. */

import { runInThread } from "./thread.ts";

runInThread("convert");
