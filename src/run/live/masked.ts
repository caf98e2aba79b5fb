import type { Piece } from '../../ledger/live/document-view.ts';
import { finderOf, type PiiChoice, tokensOf } from '../../operators/pii/profiles.ts';
import type { StepDescriptor } from '../../streams/operator.ts';

type Mask = (text: string) => string;

/** Puts tokens in the place of what the `pii()` steps of a recipe look for; null where it has none. */
export function maskOf(steps: readonly StepDescriptor[]): Mask | null {
  const choices = steps.filter((s) => s.stage === 'pii').map((s) => s.options as unknown as PiiChoice);
  if (choices.length === 0) return null;
  return (text) => choices.reduce(masked, text);
}

function masked(text: string, choice: PiiChoice): string {
  const bytes = Buffer.from(text);
  const tokenOf = tokensOf(choice)();
  let [out, at] = ['', 0];
  for (const { kind, start, end } of finderOf(choice)(bytes, 0, bytes.length)) {
    out += bytes.toString('utf8', at, start) + tokenOf(kind, bytes.toString('utf8', start, end));
    at = end;
  }
  return out + bytes.toString('utf8', at);
}

const TEXTS: ReadonlySet<string> = new Set(['text', 'excerpt']);

/** Plain data with every text and excerpt in it masked, and without twins in which there is something to mask. */
export function withoutPersonal<T>(data: T, mask: Mask): T {
  const copy = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return TEXTS.has(key) ? mask(value) : value;
    if (Array.isArray(value)) return value.map((v) => copy(v, key));
    if (typeof value !== 'object' || value === null) return value;
    if (isCut(value)) return { ...value, text: `<${value.mark.slice('pii_'.length).toUpperCase()}>` };
    if (key === 'twin' && 'pieces' in value && !isClean(value.pieces as readonly Piece[], mask))
      return { ...value, pieces: [], shown: 0, missing: 'it holds personal data, which this run masks' };
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copy(v, k)]));
  };
  return copy(data, '') as T;
}

/** A piece that a step has masked: a part of what it stood in may not look like personal data. */
const isCut = (value: object): value is Piece & { readonly mark: string } =>
  'mark' in value && typeof value.mark === 'string' && value.mark.startsWith('pii_') && 'text' in value;

const isClean = (pieces: readonly Piece[], mask: Mask): boolean =>
  ['added', 'removed'].every((other) => {
    const text = pieces.flatMap((p) => (p.mark === other ? [] : [p.text])).join('');
    return mask(text) === text;
  });
