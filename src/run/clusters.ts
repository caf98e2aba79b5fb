import { stringAt } from '../streams/batch/columns.ts';
import { shortened } from '../streams/commits/counting.ts';
import type { ClusterSize, DuplicateCluster } from '../streams/commits/log.ts';
import type { BarrierSplit } from '../streams/flow/barrier.ts';
import type { PartDecision } from '../streams/flow/parted.ts';
import { readSpill } from '../streams/flow/spill-file.ts';

/** Counters held at once: every cluster with more than a 256th of all copies is found. */
const CANDIDATES = 256;
const EXAMPLES = 3;

/** A copy, by the place of its split and its row in the spill. */
interface CopyPlace {
  readonly split: number;
  readonly row: number;
  readonly similarity: number;
}

/** Clusters of a decision, or of a part of one. */
export interface FoundClusters {
  /** The largest, and every other with more than a 256th of all copies. */
  readonly sizes: readonly ClusterSize[];
  /** Of the largest: the first copies in input order. */
  readonly copies: readonly CopyPlace[];
}

/**
 * Finds the survivor with the most copies in a stream of decisions, in constant memory: candidates by Misra and Gries
 * (1982, "Finding repeated elements"), then counted exactly. No cluster with more than a 256th of all copies escapes.
 */
export class LargestCluster {
  #counts = new Map<string, number>();

  add(duplicateOf: readonly (string | null)[]): void {
    for (const survivor of duplicateOf) {
      if (survivor === null) continue;
      const count = this.#counts.get(survivor);
      if (count !== undefined) this.#counts.set(survivor, count + 1);
      else if (this.#counts.size < CANDIDATES) this.#counts.set(survivor, 1);
      else
        for (const [other, n] of this.#counts)
          if (n === 1) this.#counts.delete(other);
          else this.#counts.set(other, n - 1);
    }
  }

  /** @param decisions reads what was decided on each split, in split order. Null when nothing is a copy. */
  async largest(splits: readonly BarrierSplit[], decisions: ReadDecision): Promise<DuplicateCluster | null> {
    const found = await this.found(splits, decisions);
    return found && { ...found.sizes[0], examples: await examplesOf(found.copies, (at) => splits[at].spill) };
  }

  /** As `largest`, with other large ones; texts are not read. */
  async found(splits: readonly BarrierSplit[], decisions: ReadDecision): Promise<FoundClusters | null> {
    const exact = new Map([...this.#counts.keys()].map((survivor) => [survivor, 0]));
    let all = 0;
    await eachDecision(splits, decisions, (duplicateOf) => {
      for (const survivor of duplicateOf) {
        if (survivor === null) continue;
        all++;
        if (exact.has(survivor)) exact.set(survivor, exact.get(survivor)! + 1);
      }
    });
    const counted = [...exact].filter(([, copies]) => copies > 0);
    if (counted.length === 0) return null;
    counted.sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    const sizes = counted
      .filter(([, copies], i) => i === 0 || copies * CANDIDATES > all)
      .map(([survivor, copies]) => ({ survivor, documents: copies + 1 }));
    return { sizes, copies: await copiesOf(sizes[0].survivor, splits, decisions) };
  }
}

/** What was decided on a split, by its place; with the rows of the spill that it is on, null = all. */
export type ReadDecision = (at: number) => Promise<PartDecision>;

async function eachDecision(
  splits: readonly BarrierSplit[],
  decisions: ReadDecision,
  visit: (duplicateOf: readonly (string | null)[], split: number, part: PartDecision) => void,
): Promise<void> {
  for (const i of splits.keys()) {
    const part = await decisions(i);
    visit(part.decision.duplicateOf, i, part);
  }
}

/** The first copies in input order. */
async function copiesOf(
  survivor: string,
  splits: readonly BarrierSplit[],
  decisions: ReadDecision,
): Promise<CopyPlace[]> {
  const found: CopyPlace[] = [];
  await eachDecision(splits, decisions, (duplicateOf, split, { rows, decision: { similarity } }) => {
    for (let i = 0; i < duplicateOf.length && found.length < EXAMPLES; i++)
      if (duplicateOf[i] === survivor) found.push({ split, row: rows?.[i] ?? i, similarity: similarity[i] });
  });
  return found;
}

/** @param spill the spilled documents of a split, by its place */
export async function examplesOf(
  found: readonly CopyPlace[],
  spill: (at: number) => string,
): Promise<DuplicateCluster['examples']> {
  const examples: DuplicateCluster['examples'][number][] = [];
  for (const split of new Set(found.map((f) => f.split))) {
    let from = 0;
    for await (const batch of readSpill(spill(split))) {
      for (const { row, similarity } of found.filter((f) => f.split === split)) {
        const at = row - from;
        if (at < 0 || at >= batch.rows) continue;
        const text = (name: string): string => stringAt(batch.utf8(name), at) ?? '';
        const value = Number.isNaN(similarity) ? null : similarity;
        examples.push({ id: text('id'), domain: text('domain'), value, excerpt: shortened(text('text')) });
      }
      from += batch.rows;
    }
  }
  return examples;
}
