import type { Codec } from '../plan/splits.ts';

export const CODEC_OF_EXTENSION: Readonly<Record<string, Codec>> = {
  gz: 'gzip',
  gzip: 'gzip',
  zst: 'zstd',
  zstd: 'zstd',
};

/** Extensions of a path, lower case: that of the packing (or ''), and the one before it. */
export function extensionsOf(path: string): { readonly packing: string; readonly inner: string } {
  const parts = path
    .slice(path.lastIndexOf('/') + 1)
    .split('.')
    .slice(1)
    .map(asciiLower);
  const last = parts[parts.length - 1] ?? '';
  return last in CODEC_OF_EXTENSION
    ? { packing: last, inner: parts[parts.length - 2] ?? '' }
    : { packing: '', inner: last };
}

const asciiLower = (s: string): string => s.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
