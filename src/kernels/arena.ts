import { readFile } from 'node:fs/promises';
import { InputError, InvariantError } from '../errors.ts';
import { type WasmMemory, type WasmModule, wasm } from './webassembly.ts';

/** Functions of the WebAssembly module by name; addresses and sizes are int32 seen as unsigned. */
export type KernelExports = { readonly memory: WasmMemory } & Readonly<Record<string, (...args: number[]) => number>>;

/**
 * One instance of the kernel module with its memory. Views die when the memory grows: make them after the last
 * allocation.
 */
export interface KernelArena {
  readonly exports: KernelExports;
  /** Bytes of WebAssembly memory held now; it never shrinks. */
  memoryBytes(): number;
  /** Frees everything of the last batch; tables kept with `keep` stay. */
  reset(): void;
  /** Makes everything allocated so far permanent. */
  keep(): void;
  /** Address of `bytes` fresh bytes, 16-byte aligned, not cleared. */
  alloc(bytes: number): number;
  /**
   * Copies `bytes` in, with 64 zero bytes after them so that vector loads may run over the end; returns the address.
   */
  copyIn(bytes: Uint8Array): number;
  copyInInt32(values: Int32Array): number;
  /** Copies out of the memory into buffers of their own. */
  uint8(at: number, length: number): Uint8Array<ArrayBuffer>;
  int32(at: number, length: number): Int32Array<ArrayBuffer>;
  float64(at: number, length: number): Float64Array<ArrayBuffer>;
}

const PADDING = 64;

let compiled: Promise<WasmModule> | null = null;

/** The compiled module, once per thread. Throws `InputError` when it was not built. */
export function kernelModule(): Promise<WasmModule> {
  compiled ??= compile().catch((error: unknown) => {
    compiled = null;
    throw error;
  });
  return compiled;
}

async function compile(): Promise<WasmModule> {
  const url = new URL('./kernels.wasm', import.meta.url);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await readFile(url));
  } catch (cause) {
    throw new InputError({
      expected: 'the kernel module kernels.wasm beside the code',
      got: (cause as Error).message,
      fix: 'Run `npm run build:kernels`.',
      cause,
    });
  }
  return wasm.compile(bytes);
}

/** A new instance of the module with its own memory. */
export function openArena(module: WasmModule): KernelArena {
  const instance = new wasm.Instance(module, {});
  const exports = instance.exports as unknown as KernelExports;
  const { memory } = exports;
  const alloc = (bytes: number): number => {
    try {
      return exports.arenaAlloc(bytes) >>> 0;
    } catch (cause) {
      throw new InvariantError({
        expected: `${bytes} more bytes of kernel memory`,
        got: `a memory of ${memory.buffer.byteLength} bytes that cannot grow`,
        fix: 'Make the batches smaller (--memory) or the line limit lower (--max-line).',
        cause,
      });
    }
  };
  return {
    exports,
    memoryBytes: () => memory.buffer.byteLength,
    reset: () => void exports.arenaReset(),
    keep: () => void exports.arenaKeep(),
    alloc,
    copyIn(bytes) {
      const at = alloc(bytes.length + PADDING);
      const view = new Uint8Array(memory.buffer, at, bytes.length + PADDING);
      view.set(bytes);
      view.fill(0, bytes.length);
      return at;
    },
    copyInInt32(values) {
      const at = alloc(values.length * 4);
      new Int32Array(memory.buffer, at, values.length).set(values);
      return at;
    },
    uint8: (at, length) => new Uint8Array(memory.buffer, at, length).slice(),
    int32: (at, length) => new Int32Array(memory.buffer, at, length).slice(),
    float64: (at, length) => new Float64Array(memory.buffer, at, length).slice(),
  };
}
