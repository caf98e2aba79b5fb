import { cutsInBytes } from '../rewrite/cut-spans.ts';
import { datatrovePii, type StringSpan } from './datatrove.ts';
import { dolmaPii } from './dolma.ts';
import { type PiiKind, scanPii } from './scan.ts';
import { datatroveTokens, dolmaTokens, plainTokens, stableTokens, type TokenOf } from './tokens.ts';

/** Options of `pii()` that say what is found and what is put in its place. */
export interface PiiChoice {
  readonly profile: 'sluice' | 'datatrove' | 'dolma';
  readonly kinds: readonly string[];
  readonly tokens: 'stable' | 'kind';
  readonly seed: number;
}

export interface FoundSpan {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

/** What a profile finds in bytes `from` to `to`; places count from `from`. */
export type Find = (text: Uint8Array, from: number, to: number) => FoundSpan[];

export function finderOf({ profile, kinds }: PiiChoice): Find {
  const wanted = new Set(kinds);
  if (profile === 'datatrove') return onStrings(datatrovePii, wanted);
  if (profile === 'dolma') return onStrings(dolmaPii, wanted);
  return (text, from, to) =>
    scanPii(text, from, to, wanted as ReadonlySet<PiiKind>).map((s) => ({
      kind: s.kind,
      start: s.start - from,
      end: s.end - from,
    }));
}

const onStrings =
  (find: (text: string) => StringSpan[], wanted: ReadonlySet<string>): Find =>
  (bytes, from, to) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
    const spans = find(text).filter((s) => wanted.has(s.kind));
    const cuts = spans.map(({ kind, start, end }) => ({ rule: kind, start, end }));
    return cutsInBytes(text, to - from, cuts).map(({ rule, start, end }) => ({ kind: rule, start, end }));
  };

/** What stands in the place of the values of one document. */
export function tokensOf({ profile, tokens, seed }: PiiChoice): () => TokenOf {
  if (profile === 'datatrove') return datatroveTokens;
  if (profile === 'dolma') return () => dolmaTokens;
  const made = tokens === 'stable' ? stableTokens(seed) : plainTokens;
  return () => made;
}
