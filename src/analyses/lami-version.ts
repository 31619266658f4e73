/** Of LAMI: Trace Compass asks the program for it, without a command, before anything else. */
export const MI_VERSION = "1.0";
