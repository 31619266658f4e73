/** The thread that follows a relay daemon, started warm. */

import { runInThread } from "./thread.ts";

runInThread("relay");
