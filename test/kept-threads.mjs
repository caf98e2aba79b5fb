// A run in the process of a test takes 0.07 s of CPU, and the threads that it starts 0.4 s more. Where a run has ended
// and none of its threads was lost, they serve the next run of the process that asks for the same, in the same
// environment. Runs in a process of their own start their threads as a user's do, and so does each run after one whose
// threads died, or were stopped in the middle of their work.
import { createRequire } from 'node:module';

/** So many pools wait for a run at most. */
const MOST = 4;
/** So long the shared threads of plain pipes wait for the next pipe. */
const IDLE_MS = 20_000;

const piscina = createRequire(import.meta.url)('piscina');
let waiting = [];

/** Threads keep the environment in which they were started. */
const keyOf = (options) => JSON.stringify([options, process.env]);

class KeptPool extends piscina.Piscina {
  static keeps = true;
  inWork = 0;

  constructor(options) {
    super(options.idleTimeout ? { ...options, idleTimeout: IDLE_MS } : options);
    this.key = keyOf(options);
    this.lost = options.idleTimeout !== 0;
  }

  async run(...task) {
    this.inWork++;
    try {
      return await super.run(...task);
    } catch (error) {
      // Errors of a task come back as data: this is a thread that died or was stopped.
      this.lost = true;
      throw error;
    } finally {
      this.inWork--;
    }
  }

  emit(event, ...rest) {
    if (event === 'error') this.lost = true;
    return super.emit(event, ...rest);
  }

  async destroy() {
    if (this.lost || this.inWork > 0) return super.destroy();
    for (const event of ['message', 'error']) this.removeAllListeners(event);
    waiting.push(this);
    const oldest = waiting.length > MOST ? waiting.shift() : null;
    if (oldest) await super.destroy.call(oldest);
  }
}

// Once a process: test files share it.
if (!piscina.Piscina.keeps) {
  const value = new Proxy(KeptPool, {
    construct(_, [options]) {
      const known = waiting.find((pool) => pool.key === keyOf(options));
      waiting = waiting.filter((pool) => pool !== known);
      return known ?? new KeptPool(options);
    },
  });
  Object.defineProperty(piscina, 'Piscina', { value });
}
