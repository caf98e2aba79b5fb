import type { TextCut } from '../line-rewrite.ts';
import type { Operation, Program } from './program.ts';

/** Rules of the cuts that a program makes. */
export const CUT_RULES = ['refine_normalize', 'refine_remove_lines'] as const;
const [NORMALIZE, LINES] = CUT_RULES;

/** What the chunk programs of a document come to. */
export interface Refined {
  /** `drop`: too little is left; `original`: too many errors, the text stays as it is. */
  readonly verdict: 'refined' | 'original' | 'drop';
  readonly text: string;
  /** Of the refined text, in UTF-16 units of the text as it was; none for the other verdicts. */
  readonly cuts: readonly TextCut[];
  /** Malformed and out of range. */
  readonly errors: number;
  /** Replacements whose source is not in the text; no error to the published executor. */
  readonly unused: number;
  /** Words left, and their share of the words there were. */
  readonly words: number;
  readonly keptShare: number;
}

/** A share of words kept that is not more drops a document, unless there are so many errors. */
export const LEAST_SHARE = 0.05;
export const LEAST_WORDS = 10;
export const MOST_ERRORS = 2;

export const wordCount = (text: string): number => text.match(/\S+/g)?.length ?? 0;

/**
 * Runs the programs of all chunks of a document, as the executor of ProX does (Zhou et al. 2024, "Programming Every
 * Example"): every `normalize` over the whole text, in order; then the lines of all `remove_lines` go, counted in the
 * text as it is by then. Then, in this order: no more than 5 % of the words left and fewer than two errors: drop; no
 * more than 10 words left: drop; two errors or more: the text as it was; else the refined one.
 */
export function execute(
  text: string,
  programs: readonly Program[],
  { leastShare = LEAST_SHARE, leastWords = LEAST_WORDS } = {},
): Refined {
  const operations = programs.flatMap((p) => p.operations);
  const draft = new Draft(text);
  let errors = programs.reduce((n, p) => n + p.malformed, 0);
  let unused = 0;
  for (const o of operations) {
    if (o.call !== 'normalize' || o.source === '') continue;
    if (!draft.replace(o.source, o.target)) unused++;
  }
  const lines = draft.lineCount;
  const removed = new Set<number>();
  for (const o of operations) if (!markLines(o, lines, removed)) errors++;
  draft.removeLines(removed);
  const left = draft.text;
  const words = wordCount(left);
  const before = wordCount(text);
  const keptShare = before === 0 ? 1 : words / before;
  const said = { errors, unused, words, keptShare };
  if ((keptShare <= leastShare && errors < MOST_ERRORS) || words <= leastWords)
    return { verdict: 'drop', text, cuts: [], ...said };
  if (errors >= MOST_ERRORS) return { verdict: 'original', text, cuts: [], ...said };
  return { verdict: 'refined', text: left, cuts: draft.cuts(), ...said };
}

/** False: lines that are not there. */
function markLines(o: Operation, lines: number, removed: Set<number>): boolean {
  if (o.call === 'remove_all') for (let i = 0; i < lines; i++) removed.add(i);
  if (o.call !== 'remove_lines') return true;
  if (o.start > o.end || o.end >= lines) return false;
  for (let i = o.start; i <= o.end; i++) removed.add(i);
  return true;
}

const INSERTED = -1;
const [REPLACED, REMOVED] = [1, 2];

/** A text that is being changed, and where each of its characters was before. */
class Draft {
  text: string;
  readonly #original: string;
  /** Of every UTF-16 unit: its place in the original, or INSERTED. */
  #from: Int32Array;
  /** Of every unit of the original: what has become of it; 0 = it is still there. */
  readonly #fate: Uint8Array;

  constructor(text: string) {
    this.text = text;
    this.#original = text;
    this.#from = Int32Array.from({ length: text.length }, (_, i) => i);
    this.#fate = new Uint8Array(text.length);
  }

  get lineCount(): number {
    return this.text.split('\n').length;
  }

  /** Everywhere; false when it stands nowhere. */
  replace(source: string, target: string): boolean {
    const parts = this.text.split(source);
    if (parts.length === 1) return false;
    const length = this.text.length + (parts.length - 1) * (target.length - source.length);
    const from = new Int32Array(length).fill(INSERTED);
    let [now, then] = [0, 0];
    parts.forEach((part, i) => {
      from.set(this.#from.subarray(then, then + part.length), now);
      now += part.length + target.length;
      then += part.length;
      if (i === parts.length - 1) return;
      this.#end(then, then + source.length, REPLACED);
      then += source.length;
    });
    this.text = parts.join(target);
    this.#from = from;
    return true;
  }

  /** Each with the line end before it, the first that stays with none. */
  removeLines(removed: ReadonlySet<number>): void {
    if (removed.size === 0) return;
    const keep: [number, number][] = [];
    let at = 0;
    this.text.split('\n').forEach((line, i) => {
      const end = at + line.length;
      if (removed.has(i)) this.#end(Math.max(0, at - 1), end, REMOVED);
      else {
        if (keep.length === 0 && at > 0) this.#end(at - 1, at, REMOVED);
        keep.push([keep.length === 0 ? at : at - 1, end]);
      }
      at = end + 1;
    });
    const from = new Int32Array(keep.reduce((n, [a, b]) => n + b - a, 0));
    let to = 0;
    for (const [a, b] of keep) {
      from.set(this.#from.subarray(a, b), to);
      to += b - a;
    }
    this.text = keep.map(([a, b]) => this.text.slice(a, b)).join('');
    this.#from = from;
  }

  #end(start: number, end: number, fate: number): void {
    for (let i = start; i < end; i++) if (this.#from[i] !== INSERTED) this.#fate[this.#from[i]] = fate;
  }

  /** What was taken from the original, and what stands in its place. */
  cuts(): TextCut[] {
    const cuts: TextCut[] = [];
    let next = 0;
    let insert = '';
    const until = (place: number): void => {
      const begun = cuts.length;
      while (next < place) {
        const start = next;
        while (next < place && this.#fate[next] === this.#fate[start]) next++;
        const rule = this.#fate[start] === REPLACED ? NORMALIZE : LINES;
        cuts.push({ start, end: next, rule });
      }
      if (insert === '') return;
      const own = cuts.findIndex((c, i) => i >= begun && c.rule === NORMALIZE);
      cuts[own < 0 ? cuts.length - 1 : own] = { ...cuts[own < 0 ? cuts.length - 1 : own], insert };
      insert = '';
    };
    for (let i = 0; i < this.#from.length; i++) {
      const place = this.#from[i];
      if (place === INSERTED) {
        insert += this.text[i];
        continue;
      }
      until(place);
      next = place + 1;
    }
    until(this.#original.length);
    return cuts;
  }
}
