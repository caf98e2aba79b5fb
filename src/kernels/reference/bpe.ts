import { TOKEN_CLASS, tokenClassOf } from '../../unicode/tokenizer-classes.ts';
import type { BpeTables } from '../bpe.ts';
import type { AddedBytes } from '../bpe-added.ts';
import { referencePieces } from './pieces.ts';

/**
 * Ids of one text by byte-level BPE, as plainly as it can be said; the definition of the kernel. Added tokens are found
 * as `find_matches` of the tokenizers library finds them (added_vocabulary.rs).
 */
export function referenceBpe(text: string, tables: BpeTables): number[] {
  const rank = new Map<string, readonly [rank: number, id: number]>();
  for (let i = 0; i < tables.merges.length; i += 3)
    rank.set(`${tables.merges[i]} ${tables.merges[i + 1]}`, [i / 3, tables.merges[i + 2]]);
  const whole = new Map<string, number>();
  for (let id = 0; tables.whole !== null && id + 1 < tables.whole.starts.length; id++)
    whole.set(tables.whole.bytes.slice(tables.whole.starts[id], tables.whole.starts[id + 1]).join(), id);
  const encode = (piece: string): number[] => {
    const bytes = new TextEncoder().encode(piece);
    const known = whole.get(bytes.join());
    return known === undefined
      ? mergedIds(
          Array.from(bytes, (byte) => tables.byteIds[byte]),
          rank,
        )
      : [known];
  };
  const [raw, normalized] = tables.added.map((set) => set.map((t) => [new TextDecoder().decode(t.bytes), t] as const));
  const out: number[] = [];
  for (const outer of parted(text, raw)) {
    for (const inner of typeof outer === 'number' ? [outer] : parted(outer, normalized)) {
      if (typeof inner === 'number') out.push(inner);
      else for (const piece of referencePieces(inner, tables.pieces, tables.numbers)) out.push(...encode(piece));
    }
  }
  return out;
}

function mergedIds(ids: number[], rank: ReadonlyMap<string, readonly [number, number]>): number[] {
  for (;;) {
    let best: readonly [rank: number, id: number] | null = null;
    let where = 0;
    for (let i = 0; i + 1 < ids.length; i++) {
      const found = rank.get(`${ids[i]} ${ids[i + 1]}`);
      if (found === undefined || (best !== null && best[0] <= found[0])) continue;
      best = found;
      where = i;
    }
    if (best === null) return ids;
    ids.splice(where, 2, best[1]);
  }
}

const is = (bit: number, character: string | undefined): boolean =>
  character !== undefined && (tokenClassOf(character.codePointAt(0)!) & bit) !== 0;

type Found = readonly [content: string, token: AddedBytes];

/** A text as ids of added tokens and the texts between them. */
function parted(text: string, tokens: readonly Found[]): (string | number)[] {
  const out: (string | number)[] = [];
  let done = 0;
  for (let at = 0; at < text.length; ) {
    const found = longestAt(text, at, tokens);
    if (found === null) {
      at++;
      continue;
    }
    const [content, token] = found;
    let [start, stop] = [at, at + content.length];
    at = stop;
    const [before, after] = [text.slice(0, start), text.slice(stop)];
    if (token.singleWord && (is(TOKEN_CLASS.word, [...before].at(-1)) || is(TOKEN_CLASS.word, [...after][0]))) continue;
    // All white space is in the basic plane.
    if (token.left) while (start > done && is(TOKEN_CLASS.white, text[start - 1])) start--;
    if (token.right) while (is(TOKEN_CLASS.white, text[stop])) stop++;
    if (done < start) out.push(text.slice(done, start));
    out.push(token.id);
    done = stop;
  }
  if (done < text.length) out.push(text.slice(done));
  return out;
}

/** Of tokens of the same content the first. */
function longestAt(text: string, at: number, tokens: readonly Found[]): Found | null {
  let best: Found | null = null;
  for (const token of tokens)
    if (text.startsWith(token[0], at) && token[0].length > (best?.[0].length ?? 0)) best = token;
  return best;
}
