import { openBpeKernel } from '../../kernels/bpe.ts';
import { type Around, addedAround } from './added-around.ts';
import { bytesOfToken } from './byte-alphabet.ts';
import { blob, byteLevelOf } from './byte-level.ts';
import { endOfText } from './end-of-text.ts';
import { encoderOf } from './normalized-batch.ts';
import type { Tokenizer, TokenLists } from './tokenizer.ts';
import type { TokenizerFiles } from './tokenizer-files.ts';

const NOTHING: Around = { before: [], after: [] };

/** A tokenizer whose byte-level BPE the kernel knows; null: it does not, and the library is to be asked. */
export async function loadBytePairs(files: TokenizerFiles, addSpecialTokens: boolean): Promise<Tokenizer | null> {
  const { name, json, settings, hash } = files;
  const around = addSpecialTokens ? addedAround(json) : NOTHING;
  const level = around && byteLevelOf(json);
  if (!around || !level) return null;
  const vocabulary = new Map(Object.entries(json.model?.vocab as Readonly<Record<string, number>>));
  const byId: Uint8Array[] = [];
  for (const [token, id] of vocabulary) byId[id] = bytesOfToken(token) ?? new TextEncoder().encode(token);
  for (const { content, id } of json.added_tokens ?? []) {
    vocabulary.set(content, id);
    byId[id] = new TextEncoder().encode(content);
  }
  const { starts, bytes } = blob(Array.from(byId, (part) => part ?? new Uint8Array(0)));
  const unknown = json.model?.unk_token ?? null;
  const kernel = await openBpeKernel(level.tables);
  const encodeInner = encoderOf(kernel, level.normalizes);
  const encodeBatch: Tokenizer['encodeBatch'] = (utf8, offsets, wanted = null) =>
    withAround(encodeInner(utf8, offsets, wanted), around, wanted);
  return {
    name,
    vocabularySize: byId.length,
    hash,
    unknown: unknown === null ? null : (vocabulary.get(unknown) ?? null),
    endOfText: endOfText(vocabulary, settings),
    byteLengths: Uint16Array.from(byId, (_, id) => starts[id + 1] - starts[id]),
    encode: (utf8) => new Int32Array(encodeBatch(utf8, Int32Array.of(0, utf8.length)).ids.buffer),
    encodeBatch,
    decode: (ids) => decoded(ids, starts, bytes),
    memoryBytes: kernel.memoryBytes,
  };
}

/** Bytes that are no UTF-8, as parts of a text may be, come out as U+FFFD. */
function decoded(ids: ArrayLike<number>, starts: Uint32Array, bytes: Uint8Array): string {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < ids.length; i++) parts.push(bytes.subarray(starts[ids[i]], starts[ids[i] + 1]));
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(parts));
}

function withAround(lists: TokenLists, { before, after }: Around, wanted: Uint8Array | null): TokenLists {
  const more = before.length + after.length;
  if (more === 0) return lists;
  const rows = lists.offsets.length - 1;
  const isWanted = (row: number): boolean => wanted === null || wanted[row] !== 0;
  let count = 0;
  for (let row = 0; row < rows; row++) if (isWanted(row)) count++;
  const ids = new Uint32Array(lists.ids.length + count * more);
  const offsets = new Int32Array(rows + 1);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    if (isWanted(row)) {
      const own = lists.ids.subarray(lists.offsets[row], lists.offsets[row + 1]);
      ids.set(before, at);
      ids.set(own, at + before.length);
      ids.set(after, at + before.length + own.length);
      at += more + own.length;
    }
    offsets[row + 1] = at;
  }
  return { ids, offsets };
}
