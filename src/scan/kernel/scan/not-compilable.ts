/** Only the interpreter can run this: values whose type each record decides, texts in other encodings, and the like. */
export class NotCompilable extends Error {}
