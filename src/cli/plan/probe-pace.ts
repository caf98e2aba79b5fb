/** Text per second of one thread. */
export interface Pace {
  readonly reading: number;
  readonly working: number;
}

/** Before this the engine's code is still being compiled. */
const WARM_UP_MS = 300;

/**
 * Text per second, of reading and of all the rest; the first batch of a place is read with what it takes to get there.
 */
export function paceMeter() {
  const start = performance.now();
  let [at, first, warm] = [start, true, false];
  const reading = { ms: 0, bytes: 0 };
  const working = { ms: 0, bytes: 0 };
  let [readMs, readNow] = [0, start];
  return {
    begin(): void {
      [at, first] = [performance.now(), true];
    },
    read(): void {
      readNow = performance.now();
      readMs = readNow - at;
    },
    done(bytes: number): void {
      const now = performance.now();
      if (!warm && now - start > WARM_UP_MS) {
        warm = true;
        // Two or three batches from before the warm-up tell more than nothing.
        if (working.bytes > 0) for (const m of [reading, working]) [m.ms, m.bytes] = [m.ms / 100, m.bytes / 100];
      }
      if (!first || reading.bytes === 0) {
        reading.ms += readMs;
        reading.bytes += bytes;
      }
      working.ms += now - readNow;
      working.bytes += bytes;
      [at, first] = [now, false];
    },
    bytesPerSecond(): number {
      if (working.bytes === 0 || reading.bytes === 0) return 0;
      return 1000 / (reading.ms / reading.bytes + working.ms / working.bytes);
    },
    parts(): Pace {
      const of = (m: typeof reading): number => (m.bytes === 0 ? 0 : (1000 * m.bytes) / m.ms);
      return { reading: of(reading), working: of(working) };
    },
  };
}
