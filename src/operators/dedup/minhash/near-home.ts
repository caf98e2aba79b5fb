import { stringAt, type Utf8Column } from '../../../streams/batch/columns.ts';
import type { BarrierDecision, RoundWork } from '../../../streams/flow/barrier.ts';
import { KeyTables } from '../tables/key-tables.ts';
import { DocumentSet, openLabels } from '../tables/labels.ts';
import { equalCopies } from './equal-copies.ts';
import type { NearRounds } from './near-columns.ts';

/** What the components have said of documents of a home. */
interface Dropped {
  /** Of each document: which batch dropped it, and in which row; -1: none. */
  readonly batch: Int32Array;
  readonly row: Int32Array;
  readonly batches: readonly { readonly label: Utf8Column; readonly similarity: Float64Array }[];
}

async function droppedOf(work: RoundWork, documents: number): Promise<Dropped> {
  const batch = new Int32Array(documents).fill(-1);
  const row = new Int32Array(documents);
  const batches: { label: Utf8Column; similarity: Float64Array }[] = [];
  for await (const rows of work.received()) {
    (rows.number('place').values as Uint32Array).forEach((d, i) => {
      batch[d] = batches.length;
      row[d] = i;
    });
    batches.push({ label: rows.utf8('label'), similarity: rows.number('similarity').values as Float64Array });
  }
  return { batch, row, batches };
}

/** The decisions on the documents of a home: copies of equal text, and what components have dropped. */
export async function* decideHome({ ranked }: NearRounds, work: RoundWork): AsyncGenerator<BarrierDecision> {
  const tables = new KeyTables(work.splits);
  const { survivor, short } = equalCopies(tables, work.memoryBytes, ranked);
  const { batch, row, batches } = await droppedOf(work, tables.documents);
  const wanted = new DocumentSet(tables.documents);
  for (const d of survivor) if (d >= 0 && batch[d] < 0) wanted.add(d);
  const labels = openLabels(tables, wanted);
  try {
    for (const [s, { split }] of work.splits.entries()) {
      const first = tables.first[s];
      const rows = tables.first[s + 1] - first;
      const keep = new Uint8Array(rows).fill(1);
      const rule = new Uint8Array(rows);
      const duplicateOf: (string | null)[] = new Array(rows).fill(null);
      const similarity = new Float64Array(rows).fill(Number.NaN);
      for (let i = 0; i < rows; i++) {
        const equal = survivor[first + i];
        // A copy of a document that was dropped is as far from the survivor as that one.
        const d = equal >= 0 ? equal : first + i;
        const near = batch[d];
        if (equal < 0 && near < 0) continue;
        keep[i] = 0;
        if (short.has(first + i)) rule[i] = 1;
        duplicateOf[i] = near < 0 ? labels.label(d) : stringAt(batches[near].label, row[d]);
        similarity[i] = near < 0 ? 1 : batches[near].similarity[row[d]];
      }
      yield { split, keep, duplicateOf, similarity, rule };
    }
  } finally {
    labels.close();
  }
}
