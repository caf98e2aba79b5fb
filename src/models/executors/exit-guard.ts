import { BroadcastChannel, isMainThread } from 'node:worker_threads';

// A process that exits while a worker is inside native code of the ONNX runtime is aborted (exit code 134, whatever was
// asked for). So every worker says, in shared memory, when it is inside, and the main thread waits for that at its
// exit.

const CHANNEL = 'sluice:model-runs';
/** Longest wait at exit; after that the process may abort. */
const LONGEST_WAIT_MS = 60_000;
const BUSY = 0;
const CLOSING = 1;

let own: Int32Array | null = null;

/**
 * Does work that enters native code. In a worker of a process that is about to exit it never begins, and never
 * resolves.
 */
export async function insideRuntime<T>(work: () => Promise<T>): Promise<T> {
  if (isMainThread) return work();
  own ??= announced();
  Atomics.add(own, BUSY, 1);
  if (Atomics.load(own, CLOSING) === 1) {
    leave(own);
    return new Promise<never>(() => {});
  }
  try {
    return await work();
  } finally {
    leave(own);
  }
}

function leave(flags: Int32Array): void {
  Atomics.sub(flags, BUSY, 1);
  Atomics.notify(flags, BUSY);
}

function announced(): Int32Array {
  const flags = new Int32Array(new SharedArrayBuffer(8));
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(flags);
  channel.close();
  return flags;
}

let listening = false;

/**
 * Makes the exit of the process wait for the runs of its workers; call it in the main thread before they start. Twice
 * is once.
 */
export function waitForModelsAtExit(): void {
  if (listening || !isMainThread) return;
  listening = true;
  const workers: Int32Array[] = [];
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = (event: unknown) => workers.push((event as { data: Int32Array }).data);
  channel.unref();
  process.on('exit', () => {
    const end = performance.now() + LONGEST_WAIT_MS;
    for (const flags of workers) Atomics.store(flags, CLOSING, 1);
    for (const flags of workers)
      for (let busy = Atomics.load(flags, BUSY); busy > 0 && performance.now() < end; busy = Atomics.load(flags, BUSY))
        Atomics.wait(flags, BUSY, busy, 1000);
  });
}
