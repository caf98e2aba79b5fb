import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';

const load = createRequire(import.meta.url);

export interface PoolOptions {
  readonly workers: number;
  /** An idle thread ends after so long; 0 keeps all threads until `destroy()`. Default 0. */
  readonly idleTimeoutMs?: number;
  /** JS heap of each thread. Default 512 MB; buffers and WASM memory are not counted by it. */
  readonly heapMb?: number;
}

/**
 * A pool of threads for CPU work. `module` has no extension: the built `.js` is used from a build, the `.ts` (through
 * tsx) from sources.
 */
export function workerPool(module: URL, { workers, idleTimeoutMs = 0, heapMb = 512 }: PoolOptions): Piscina {
  const source = import.meta.url.endsWith('.ts');
  // Loaded with the first thread: a small run on the command line starts none.
  const { Piscina } = load('piscina') as typeof import('piscina');
  return new Piscina({
    filename: fileURLToPath(module) + (source ? '.ts' : '.js'),
    execArgv: [...(source ? [registerTsx()] : []), ...imports].flatMap((url) => ['--import', url]),
    minThreads: idleTimeoutMs === 0 ? workers : 0,
    maxThreads: workers,
    idleTimeout: idleTimeoutMs,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled',
    maxQueue: Number.POSITIVE_INFINITY,
    // The work is on buffers: a young generation of the usual 48 MB a thread only keeps dead batches alive longer.
    // Measured: 60 MB less a worker, same speed.
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 8 },
  });
}

const imports: string[] = [];

/**
 * Module that every thread started from now on imports first; by it modules beside a recipe resolve in workers as they
 * do here.
 */
export function importInWorkers(url: string): void {
  if (!imports.includes(url)) imports.push(url);
}

/** tsx registers itself in main threads only, so a worker of sources does it by name. */
function registerTsx(): string {
  return `data:text/javascript,import{register}from${JSON.stringify(import.meta.resolve('tsx/esm/api'))};register()`;
}
