import { type KernelArena, kernelModule, openArena } from './arena.ts';
import { type C4Function, c4Over } from './c4.ts';
import { type Encoders, encodersOver } from './encoders.ts';
import { type ExtractFunction, extractOver } from './extract.ts';
import { type ContentHashFunction, contentHashesOver } from './hash.ts';
import { type PartsFunction, partsOver } from './parts.ts';
import { type ScanFunction, scannerOver } from './scanner.ts';
import { type StatisticsFunction, statisticsOver } from './statistics.ts';
import { installTables } from './tables.ts';
import type { WasmModule } from './webassembly.ts';

/**
 * The kernels of one thread: an instance of the module, its memory, and the functions over it. Not re-entrant: one call
 * at a time.
 */
export interface Kernel extends KernelArena, Encoders {
  readonly statistics: StatisticsFunction;
  readonly c4Lines: C4Function;
  readonly parts: PartsFunction;
  readonly extract: ExtractFunction;
  readonly scanLines: ScanFunction;
  readonly contentHashes: ContentHashFunction;
  /**
   * Gives memory back that a large document took, with whatever is on it; true when there was any. Between batches
   * only.
   */
  release(): boolean;
}

/** Functions over the text of documents, in an instance of their own: their tables grow with the largest document. */
interface TextKernel extends Pick<Kernel, 'statistics' | 'c4Lines' | 'parts' | 'contentHashes'> {
  readonly arena: KernelArena;
}

function openTextKernel(module: WasmModule): TextKernel {
  const arena = openArena(module);
  installTables(arena);
  return {
    arena,
    statistics: statisticsOver(arena),
    c4Lines: c4Over(arena),
    parts: partsOver(arena),
    contentHashes: contentHashesOver(arena),
  };
}

/**
 * More memory than this is given back once so many calls in a row could do with a 32nd of it: WebAssembly memory never
 * shrinks.
 */
const LARGE_BYTES = 32 * 1024 * 1024;
const SMALL_CALLS = 8;

/** A kernel with memory of its own; the compiled module is cached per thread. */
export async function loadKernel(): Promise<Kernel> {
  const module = await kernelModule();
  const arena = openArena(module);
  installTables(arena);
  let text = openTextKernel(module);
  const html = extractOver(module);
  let smallCalls = 0;
  const textFor = (offsets: Int32Array, rows: number): TextKernel => {
    const held = text.arena.memoryBytes();
    smallCalls = held > LARGE_BYTES && (offsets[rows] - offsets[0]) * 32 < held ? smallCalls + 1 : 0;
    if (smallCalls === SMALL_CALLS) release();
    return text;
  };
  const release = (): boolean => {
    if (text.arena.memoryBytes() <= LARGE_BYTES) return false;
    text = openTextKernel(module);
    smallCalls = 0;
    return true;
  };
  return {
    ...arena,
    ...encodersOver(arena),
    memoryBytes: () => arena.memoryBytes() + text.arena.memoryBytes() + html.memoryBytes(),
    release,
    scanLines: scannerOver(arena),
    extract: html.extract,
    statistics: (...call) => textFor(call[1], call[2]).statistics(...call),
    c4Lines: (...call) => textFor(call[1], call[2]).c4Lines(...call),
    parts: (...call) => textFor(call[1], call[2]).parts(...call),
    contentHashes: (...call) => textFor(call[1], call[2]).contentHashes(...call),
  };
}
