import type { Kernel } from '../../kernels/kernel.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { rowsInScope, type StepDescriptor } from '../../streams/operator.ts';
import type { BloomOptions } from './bloom-options.ts';
import { isSpace } from './space.ts';
import { urlKeys } from './url-keys.ts';

/** The keys of a batch: those of row i are entries `offsets[i] .. offsets[i + 1]`. */
export interface BloomKeys {
  readonly offsets: Int32Array;
  readonly key: BigUint64Array;
  /** Span of a paragraph in its text, bytes, its newline included; zeros for other keys. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** Bytes of all lines of a row that are not blank, for paragraphs; else null. */
  readonly solid: Int32Array | null;
}

/**
 * Keys of every row in scope: the high half of a content hash of the text, of the normal address, or of each paragraph.
 */
export function bloomKeysOf(batch: DocumentBatch, descriptor: StepDescriptor, kernel: Kernel): BloomKeys {
  const options = descriptor.options as unknown as BloomOptions;
  const scope = rowsInScope(batch, descriptor.where);
  if (options.key === 'paragraphs') return paragraphKeys(batch, scope, kernel, options.minParagraphBytes);
  const text = batch.utf8('text');
  const { hashes, has } =
    options.key === 'url'
      ? urlKeys(batch, scope, kernel, options.urlPath, options.url)
      : { hashes: kernel.contentHashes(text.values, text.offsets, batch.rows, scope), has: scope };
  const offsets = new Int32Array(batch.rows + 1);
  for (let i = 0; i < batch.rows; i++) offsets[i + 1] = offsets[i] + has[i];
  const key = new BigUint64Array(offsets[batch.rows]);
  for (let i = 0; i < batch.rows; i++) if (has[i] === 1) key[offsets[i]] = hashes[2 * i];
  return { offsets, key, start: new Int32Array(key.length), end: new Int32Array(key.length), solid: null };
}

const NEWLINE = 10;

function paragraphKeys(batch: DocumentBatch, scope: Uint8Array, kernel: Kernel, minBytes: number): BloomKeys {
  const { values, offsets: texts } = batch.utf8('text');
  const offsets = new Int32Array(batch.rows + 1);
  const solid = new Int32Array(batch.rows);
  const start: number[] = [];
  const end: number[] = [];
  // Trimmed paragraphs one after the other, with what lies between them as rows that are not alive.
  const bounds: number[] = [texts[0]];
  const alive: number[] = [];
  for (let row = 0; row < batch.rows; row++) {
    for (let at = texts[row]; scope[row] === 1 && at < texts[row + 1]; ) {
      const newline = values.indexOf(NEWLINE, at);
      const next = newline < 0 || newline >= texts[row + 1] ? texts[row + 1] : newline + 1;
      let [from, to] = [at, next];
      while (from < to && isSpace(values[from])) from++;
      while (to > from && isSpace(values[to - 1])) to--;
      if (to > from) solid[row] += next - at;
      if (to > from && to - from >= minBytes) {
        bounds.push(from, to);
        alive.push(0, 1);
        start.push(at - texts[row]);
        end.push(next - texts[row]);
      }
      at = next;
    }
    offsets[row + 1] = start.length;
  }
  const hashes = kernel.contentHashes(values, Int32Array.from(bounds), alive.length, Uint8Array.from(alive));
  const key = BigUint64Array.from(start, (_, i) => hashes[2 * (2 * i + 1)]);
  return { offsets, key, start: Int32Array.from(start), end: Int32Array.from(end), solid };
}
