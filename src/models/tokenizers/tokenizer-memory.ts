import { existsSync } from 'node:fs';
import { bpeKernelBytes } from '../../kernels/bpe.ts';
import { readTokenizer } from './tokenizer-files.ts';

/**
 * Bytes of WebAssembly memory that a thread holds at most for a tokenizer; 0 for `bytes`, and for one that is not
 * there, which is an error of the thread that loads it.
 */
export function tokenizerBytes(source: string): number {
  if (source === 'bytes' || !existsSync(source)) return 0;
  const { model } = readTokenizer(source).json;
  const tokens = Object.keys((model?.vocab ?? {}) as object);
  return bpeKernelBytes({
    tokens: tokens.length,
    // A character of the byte alphabet is a byte.
    tokenBytes: tokens.reduce((n, token) => n + token.length, 0),
    merges: ((model?.merges ?? []) as readonly unknown[]).length,
  });
}
