import type { Piece } from '../../ledger/live/document-view.ts';
import { maskedText } from '../../operators/pii/masked-text.ts';
import { finderOf, type PiiChoice, tokensOf } from '../../operators/pii/profiles.ts';
import type { StepDescriptor } from '../../streams/operator.ts';

type Mask = (text: string) => string;

/** Puts tokens in the place of what the `pii()` steps of a recipe look for; null where it has none. */
export function maskOf(steps: readonly StepDescriptor[]): Mask | null {
  const choices = steps.filter((s) => s.stage === 'pii').map((s) => s.options as unknown as PiiChoice);
  if (choices.length === 0) return null;
  return (text) => choices.reduce(masked, text);
}

const masked = (text: string, choice: PiiChoice): string =>
  Buffer.from(maskedText(Buffer.from(text), finderOf(choice), tokensOf(choice)())).toString('utf8');

const TEXTS: ReadonlySet<string> = new Set(['text', 'excerpt', 'detail', 'id']);

/** Bytes at the end of a text that was cut off in which what begins may not be found. */
const AT_END = 600;
/** The same of an excerpt, and how long one is that may have been cut off. */
const EXCERPT = { atEnd: 64, least: 200 };

/**
 * Plain data with every text, excerpt, detail and id in it masked, without the ends of those that were cut off, and
 * without twins in which there is something to mask.
 */
export function withoutPersonal<T>(data: T, mask: Mask): T {
  const copy = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return key === 'excerpt' ? excerpt(value) : TEXTS.has(key) ? mask(value) : value;
    if (Array.isArray(value)) return value.map((v) => copy(v, key));
    if (typeof value !== 'object' || value === null) return value;
    if (isCut(value)) return { ...value, text: `<${value.mark.slice('pii_'.length).toUpperCase()}>` };
    if (key === 'twin' && 'pieces' in value && !isClean(value.pieces as readonly Piece[], mask))
      return { ...value, pieces: [], shown: 0, missing: 'it holds personal data, which this run masks' };
    const made = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copy(v, k)]));
    return isCutOff(value) ? { ...made, pieces: withoutEnd(made.pieces as readonly Piece[]) } : made;
  };
  const excerpt = (text: string): string =>
    mask(text).slice(0, Buffer.byteLength(text) < EXCERPT.least ? undefined : -EXCERPT.atEnd);
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

const isCutOff = (value: object): boolean =>
  'pieces' in value && 'shown' in value && 'bytes' in value && Number(value.shown) < Number(value.bytes);

function withoutEnd(pieces: readonly Piece[]): Piece[] {
  let room = pieces.reduce((n, p) => n + p.text.length, 0) - AT_END;
  return pieces.flatMap((p) => {
    const text = p.text.slice(0, Math.max(0, room));
    room -= p.text.length;
    return text === '' ? [] : [{ ...p, text }];
  });
}
