import { createRequire } from 'node:module';

/** Whole-buffer zstd compiled to WebAssembly; the same bytes on every Node. */
export interface ZstdModule {
  /** One frame with its content size in the header, without a checksum. */
  compress(bytes: Uint8Array, level: number): Uint8Array;
  /**
   * Whole frames; checksums are verified. `defaultHeapSize`: room for the result when the frame does not tell its size.
   * Throws on damage.
   */
  decompress(bytes: Uint8Array, options?: { defaultHeapSize?: number }): Uint8Array;
}

let loaded: Promise<ZstdModule> | null = null;

/** Loaded once per thread: a second `init()` would pull the memory from under the first. */
export function loadZstdModule(): Promise<ZstdModule> {
  loaded ??= (async () => {
    // The package's ESM build does not load in Node; its types describe the browser.
    const module = createRequire(import.meta.url)('@bokuweb/zstd-wasm') as ZstdModule & { init(): Promise<void> };
    await module.init();
    return module;
  })();
  return loaded;
}
