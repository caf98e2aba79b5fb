import { createRequire } from 'node:module';

/** @param level 1 to 19 */
type Zstd = { init(): Promise<void>; compress(bytes: Uint8Array, level: number): Uint8Array };

let loading: Promise<Zstd> | null = null;

/** The zstd of our own choice, loaded once per thread: Node's own differs between versions, and bytes must not. */
export function loadZstd(): Promise<Zstd> {
  loading ??= (async () => {
    // The package's types describe its browser build; what Node loads is CommonJS.
    const module = createRequire(import.meta.url)('@bokuweb/zstd-wasm') as Zstd;
    await module.init();
    return module;
  })();
  return loading;
}
