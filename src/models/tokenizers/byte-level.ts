import type { BpeTables } from '../../kernels/bpe.ts';
import type { AddedBytes } from '../../kernels/bpe-added.ts';
import { normalFormC } from '../../unicode/normal-form.ts';
import { bytesOfToken, characterOfByte } from './byte-alphabet.ts';
import { type Pieced, piecesOf } from './pieces.ts';
import type { AddedToken, Part, TokenizerJson } from './tokenizer-json.ts';

/** A byte-level BPE tokenizer as the kernel wants it. */
export interface ByteLevel {
  readonly tables: BpeTables;
  /** Whether a text is brought into NFC. */
  readonly normalizes: boolean;
}

/**
 * A tokenizer.json as tables of the kernel; null: it is no byte-level BPE, or has something that the kernel does not
 * know (another normalizer or pre-tokenizer, a prefix, a byte without an id).
 */
export function byteLevelOf(json: TokenizerJson): ByteLevel | null {
  const { model, normalizer, pre_tokenizer, added_tokens = [] } = json;
  const normalizes = isNfc(normalizer);
  const pieced = piecesOf(pre_tokenizer);
  if (model?.type !== 'BPE' || normalizes === null || pieced === null) return null;
  if (model.continuing_subword_prefix || model.end_of_word_suffix || model.dropout) return null;
  const { vocab, merges } = model;
  if (!vocab || Array.isArray(vocab) || !merges) return null;
  const ids = new Map(Object.entries(vocab as Readonly<Record<string, number>>));
  const byteIds = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const id = ids.get(characterOfByte(byte));
    if (id === undefined && !neverInUtf8(byte)) return null;
    byteIds[byte] = id ?? 0;
  }
  const list = mergesOf(merges, ids);
  const added = addedOf(added_tokens, ids, normalizes);
  if (!list || !added) return null;
  const whole = model.ignore_merges === true ? wholeTokens(ids) : null;
  return { tables: { ...(pieced satisfies Pieced), byteIds, merges: list, whole, added }, normalizes };
}

const neverInUtf8 = (byte: number): boolean => byte === 0xc0 || byte === 0xc1 || byte >= 0xf5;

/** false: there is none; null: it is another one. */
function isNfc(normalizer: Part | null | undefined): boolean | null {
  if (!normalizer) return false;
  if (normalizer.type === 'NFC') return true;
  if (normalizer.type !== 'Sequence') return null;
  const parts = ((normalizer.normalizers as readonly Part[] | undefined) ?? []).map(isNfc);
  return parts.includes(null) ? null : parts.includes(true);
}

type Merges = NonNullable<NonNullable<TokenizerJson['model']>['merges']>;

/** Left, right and result of each merge; null: one of them has no id. */
function mergesOf(merges: Merges, ids: ReadonlyMap<string, number>): Uint32Array | null {
  const out = new Uint32Array(merges.length * 3);
  let at = 0;
  for (const merge of merges) {
    const space = typeof merge === 'string' ? merge.indexOf(' ') : 0;
    const [left, right] = typeof merge === 'string' ? [merge.slice(0, space), merge.slice(space + 1)] : merge;
    const [a, b, c] = [ids.get(left), ids.get(right), ids.get(left + right)];
    if (a === undefined || b === undefined || c === undefined) return null;
    out[at++] = a;
    out[at++] = b;
    out[at++] = c;
  }
  return out;
}

function wholeTokens(ids: ReadonlyMap<string, number>): NonNullable<BpeTables['whole']> {
  const byId: (Uint8Array | undefined)[] = [];
  // A token with a character that is no byte is never a piece.
  for (const [token, id] of ids) byId[id] = bytesOfToken(token) ?? undefined;
  return blob(Array.from(byId, (bytes) => bytes ?? new Uint8Array(0)));
}

/** Bytes of many, one after the other. */
export function blob(all: readonly Uint8Array[]): { starts: Uint32Array; bytes: Uint8Array } {
  const starts = new Uint32Array(all.length + 1);
  for (const [i, { length }] of all.entries()) starts[i + 1] = starts[i] + length;
  const bytes = new Uint8Array(starts[all.length]);
  for (const [i, part] of all.entries()) bytes.set(part, starts[i]);
  return { starts, bytes };
}

/** The two sets of added tokens; null: one has an id that is not the vocabulary's for it. */
function addedOf(
  tokens: readonly AddedToken[],
  ids: ReadonlyMap<string, number>,
  normalizes: boolean,
): BpeTables['added'] | null {
  const sets: [AddedBytes[], AddedBytes[]] = [[], []];
  // Special ones come first, as in the library; of two with the same bytes that decides.
  const ordered = [...tokens.filter((t) => t.special === true), ...tokens.filter((t) => t.special !== true)];
  for (const token of ordered) {
    if (token.content === '') continue;
    if ((ids.get(token.content) ?? token.id) !== token.id) return null;
    const normalized = token.normalized === true;
    const text = normalized && normalizes ? normalFormC(token.content) : token.content;
    sets[normalized ? 1 : 0].push({
      bytes: new TextEncoder().encode(text),
      id: token.id,
      singleWord: token.single_word === true,
      left: token.lstrip === true,
      right: token.rstrip === true,
    });
  }
  return sets;
}
