import { type KernelArena, openArena } from './arena.ts';
import { type ContentHashFunction, contentHashesOver } from './hash.ts';
import { type ScanFunction, scannerOver } from './scanner.ts';
import { type StatisticsFunction, statisticsOver } from './statistics.ts';
import { installTables } from './tables.ts';

/** The kernels of one thread: an instance of the module, its memory, and the functions over it. Not re-entrant: one call at a time. */
export interface Kernel extends KernelArena {
  readonly statistics: StatisticsFunction;
  readonly scanLines: ScanFunction;
  readonly contentHashes: ContentHashFunction;
}

/** A kernel with memory of its own; the compiled module is cached per thread. */
export async function loadKernel(): Promise<Kernel> {
  const arena = await openArena();
  installTables(arena);
  return {
    ...arena,
    statistics: statisticsOver(arena),
    scanLines: scannerOver(arena),
    contentHashes: contentHashesOver(arena),
  };
}
