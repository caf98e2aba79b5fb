import { unpublished } from '../../../files/publish.ts';
import type { BarrierDecision, BarrierOutputs, BarrierSplit } from '../../../streams/flow/barrier.ts';
import { chosenHashes, type EarlierHashes, eachEarlier, openHashes, rangesWith } from './earlier-hashes.ts';
import { eachHash, type Halves } from './hash-columns.ts';
import { type IndexHeader, type IndexReference, writeIndex } from './index-files.ts';
import { KeyNumbers } from './key-numbers.ts';
import { KeyTables } from './key-tables.ts';
import { DocumentSet } from './labels.ts';
import { OUT_OF_SCOPE } from './scope.ts';

/** What an index of whole texts must be. */
export const TEXT_HASHES = {
  kind: 'hashes',
  version: 1,
  parameters: { key: 'text', hash: 'content_hash@1' },
} as const satisfies Partial<IndexHeader>;

const HALVES: Halves = ['lo', 'hi'];
/** Of a different hash in a partition: itself and the table. */
const BYTES_PER_HASH = 32;

/**
 * Decisions with those of earlier runs over them: what stands in one of `indexes` is dropped, its copies here with it.
 * Leaves the hashes of all texts, old and new, when `saveAs` names a file. Memory: 3 bits a hash, and partitions that
 * fit `memoryBytes`. Earlier texts are gone: here the 128-bit hash decides alone.
 */
export async function* againstEarlier(
  decisions: AsyncIterable<BarrierDecision>,
  splits: readonly BarrierSplit[],
  memoryBytes: number,
  indexes: readonly IndexReference[],
  saveAs: string | null,
  outputs: BarrierOutputs | undefined,
): AsyncGenerator<BarrierDecision> {
  const tables = new KeyTables(splits);
  const earlier = await openHashes(indexes);
  const { seen, first, firstEarlier } = compared(tables, earlier, memoryBytes, saveAs !== null);
  const firstOf = new Map(splits.map((s, k) => [s.split, tables.first[k]]));
  for await (const decision of decisions) {
    const keep = decision.keep.slice();
    const duplicateOf = [...decision.duplicateOf];
    const similarity = decision.similarity.slice();
    const from = firstOf.get(decision.split)!;
    for (let row = 0; row < keep.length; row++) {
      if (!seen.has(from + row)) continue;
      keep[row] = 0;
      duplicateOf[row] = null;
      similarity[row] = 1;
    }
    yield { ...decision, keep, duplicateOf, similarity };
  }
  if (saveAs === null || !outputs) return;
  const keys = firstEarlier.count() + first.count();
  const payload = chosenHashes(
    splits,
    HALVES,
    earlier,
    (place) => firstEarlier.has(place),
    (document) => first.has(document),
  );
  await writeIndex(unpublished(`${outputs.folder}/${saveAs}`), { ...TEXT_HASHES, layout: {}, keys }, payload);
  outputs.names.push(saveAs);
}

interface Compared {
  /** Documents whose text an earlier run has seen. */
  readonly seen: DocumentSet;
  /** The first document of each other text; empty where nothing is saved. */
  readonly first: DocumentSet;
  /** The first place of each hash of earlier runs. */
  readonly firstEarlier: DocumentSet;
}

function compared(tables: KeyTables, earlier: EarlierHashes, memoryBytes: number, save: boolean): Compared {
  const out = {
    seen: new DocumentSet(tables.documents),
    first: new DocumentSet(save ? tables.documents : 0),
    firstEarlier: new DocumentSet(earlier.count),
  };
  for (const { range, room } of rangesWith(tables, HALVES[0], earlier, memoryBytes / BYTES_PER_HASH)) {
    const numbers = new KeyNumbers(4, room);
    eachEarlier(earlier, range, (words, at, place) => {
      const known = numbers.count;
      if (numbers.number(words, at) === known) out.firstEarlier.add(place);
    });
    const old = numbers.count;
    eachHash(tables, HALVES, range, ['bytes'], ([buffer], rows) => {
      const bytes = new Int32Array(buffer, 0, rows);
      return (hash, document, row) => {
        if (bytes[row] === OUT_OF_SCOPE) return;
        const known = numbers.count;
        const n = save ? numbers.number(hash, 0) : numbers.find(hash, 0);
        if (n >= 0 && n < old) out.seen.add(document);
        else if (n === known) out.first.add(document);
      };
    });
  }
  return out;
}
