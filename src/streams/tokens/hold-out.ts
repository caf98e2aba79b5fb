import { loadXxhash } from '../../hash.ts';
import { readIndexColumns, type TokenSplit } from './split-index.ts';

export interface HoldOutOptions {
  /** Tokens of each domain that are measured on, about. */
  readonly tokens: number;
  /** Of one document so many are measured on at most, so that none stands for its domain. */
  readonly perDocument: number;
  /** Share of a domain's tokens that the documents held out may have at most. */
  readonly share: number;
  readonly seed: number;
}

/** Where the tokens of a document stand, all of them. */
export interface StoredDocument {
  readonly bin: string;
  /** First token in its file. */
  readonly begin: number;
  readonly tokens: number;
}

/** A document that is held out. */
export interface HeldOutDocument {
  readonly bin: string;
  readonly domain: string;
  /** First token in its file. */
  readonly begin: number;
  /** Tokens to measure on; it may have more. */
  readonly length: number;
}

interface Candidate extends HeldOutDocument {
  readonly split: number;
  readonly row: number;
  readonly tokens: number;
  readonly place: bigint;
}

/**
 * Divides the documents of splits into those to train on and a few of each domain that are held out, by a seeded hash
 * of their ids: the same ones whatever else is in the store, and all documents of one id on one side. A domain whose
 * documents are all too large for the share has none.
 * @param known documents that are not held out, since a model has seen them before
 */
export async function holdOut(
  splits: readonly (TokenSplit | null)[],
  options: HoldOutOptions,
  known: (document: StoredDocument) => boolean = () => false,
): Promise<{ readonly splits: (TokenSplit | null)[]; readonly heldOut: readonly HeldOutDocument[] }> {
  const { h64 } = await loadXxhash();
  const byDomain = new Map<string, Candidate[]>();
  for (const [split, committed] of splits.entries()) {
    if (committed === null) continue;
    const { bin, index, prefix = '' } = committed;
    const { id, domain, begin, length } = await readIndexColumns(index, ['id', 'domain', 'begin', 'length']);
    domain.forEach((name, row) => {
      const place = h64(`${options.seed} ${id[row] ?? `${split} ${row}`}`);
      const own = { bin, domain: prefix + name, begin: begin[row], length: Math.min(length[row], options.perDocument) };
      const others = byDomain.get(own.domain) ?? [];
      byDomain.set(own.domain, others);
      others.push({ ...own, split, row, tokens: length[row], place });
    });
  }
  const chosen = [...byDomain].flatMap(([, documents]) => chosenOf(documents, options, known));
  const rowsOf = (split: number): Set<number> => new Set(chosen.filter((c) => c.split === split).map((c) => c.row));
  return {
    splits: splits.map((committed, split) => committed && without(committed, chosen, split, rowsOf(split))),
    heldOut: chosen.map(({ bin, domain, begin, length }) => ({ bin, domain, begin, length })),
  };
}

function chosenOf(
  documents: Candidate[],
  { tokens, share }: HoldOutOptions,
  known: (document: StoredDocument) => boolean,
): Candidate[] {
  let room = share * documents.reduce((n, d) => n + d.tokens, 0);
  let wanted = tokens;
  const chosen: Candidate[] = [];
  const sorted = documents.sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0));
  for (let i = 0; i < sorted.length && wanted > 0; ) {
    // Documents of one id are taken together, or not at all.
    const same = [sorted[i]];
    for (i++; i < sorted.length && sorted[i].place === same[0].place; i++) same.push(sorted[i]);
    const size = same.reduce((n, d) => n + d.tokens, 0);
    if (size === 0 || size > room || same.some(known)) continue;
    room -= size;
    wanted -= same[0].length;
    chosen.push(...same);
  }
  return chosen;
}

function without(committed: TokenSplit, chosen: readonly Candidate[], split: number, rows: Set<number>): TokenSplit {
  const tokens = new Map(committed.tokens);
  for (const c of chosen) if (c.split === split) tokens.set(c.domain, tokens.get(c.domain)! - c.tokens);
  return { ...committed, tokens, documents: committed.documents - rows.size, without: rows };
}
