/**
 * The little of WebAssembly that the kernels use; typed here because neither the ES nor the Node types declare it
 * without the DOM.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** A compiled module: opaque. */
export type WasmModule = object;

interface WasmNamespace {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: object };
}

export const wasm: WasmNamespace = (globalThis as unknown as { WebAssembly: WasmNamespace }).WebAssembly;
