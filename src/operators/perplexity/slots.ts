/** Lets so many pieces of work run at once; the others wait, first come first served. */
export function slots(count: number): <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work, signal) => {
    if (free > 0) free--;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
