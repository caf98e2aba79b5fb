/** Words that a model worker and the main thread share while one part is scored. */
export type ScoreFlags = Int32Array<SharedArrayBuffer>;

/** Index of the share that is done, which the worker raises from 0 to `WHOLE_SHARE`. */
export const SHARE = 0;
/** Index of what the main thread sets to 1 when nobody waits for the scores any more. */
export const CANCELLED = 1;
export const WHOLE_SHARE = 1_000_000;

export const scoreFlags = (): ScoreFlags => new Int32Array(new SharedArrayBuffer(8));
