import { type KernelArena, openArena } from './arena.ts';
import { type C4Function, c4Over } from './c4.ts';
import { type Encoders, encodersOver } from './encoders.ts';
import { type ContentHashFunction, contentHashesOver } from './hash.ts';
import { type ScanFunction, scannerOver } from './scanner.ts';
import { type StatisticsFunction, statisticsOver } from './statistics.ts';
import { installTables } from './tables.ts';

/** The kernels of one thread: an instance of the module, its memory, and the functions over it. Not re-entrant: one call at a time. */
export interface Kernel extends KernelArena, Encoders {
  readonly statistics: StatisticsFunction;
  readonly c4Lines: C4Function;
  readonly scanLines: ScanFunction;
  readonly contentHashes: ContentHashFunction;
}

/** A kernel with memory of its own; the compiled module is cached per thread. */
export async function loadKernel(): Promise<Kernel> {
  const arena = await openArena();
  installTables(arena);
  return {
    ...arena,
    ...encodersOver(arena),
    statistics: statisticsOver(arena),
    c4Lines: c4Over(arena),
    scanLines: scannerOver(arena),
    contentHashes: contentHashesOver(arena),
  };
}
