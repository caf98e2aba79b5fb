import { type KernelArena, openArena } from './arena.ts';

/** The kernels of one thread: an instance of the module, its memory, and the functions over it. Not re-entrant: one call at a time. */
export interface Kernel extends KernelArena {}

/** A kernel with memory of its own; the compiled module is cached per thread. */
export async function loadKernel(): Promise<Kernel> {
  const arena = await openArena();
  return { ...arena };
}
