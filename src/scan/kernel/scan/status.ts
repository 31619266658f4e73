/** What an emitted function answers instead of a position. */
export const Status = { done: 0, full: -1, error: -2, unknown: -3, dictionaryFull: -4 } as const;
