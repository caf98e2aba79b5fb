import { type BarrierDecision, type BarrierSplit, scratchOf } from '../../../streams/flow/barrier.ts';
import { EARLIER_RUN } from '../tables/earlier-run.ts';
import { eachEqualKey } from '../tables/equal-keys.ts';
import { type EarlierKeys, KeyTables } from '../tables/key-tables.ts';
import { DocumentSet, openLabels } from '../tables/labels.ts';
import { SpilledTexts } from '../tables/spilled-texts.ts';
import { surviveInOrder } from '../tables/surviving.ts';
import { Components } from './components.ts';
import { equalCopies } from './equal-copies.ts';
import { kinOf } from './kin.ts';
import { MemberLog, type Members } from './members.ts';
import { estimatedJaccard } from './minhash-index.ts';
import { heldSets, jaccard, type ShingleSet } from './shingle-sets.ts';

export interface NearDecision {
  readonly bands: number;
  /** Least Jaccard similarity of a dropped document and its survivor; null: every component of candidates keeps one. */
  readonly threshold: number | null;
  /** Whether the column `rank` decides who survives (highest first); else input order. */
  readonly ranked: boolean;
  /** Distinct shingles of a text. */
  readonly shingles: (text: Uint8Array) => ShingleSet;
  /**
   * Documents that earlier runs have kept: they stay, whatever their rank. Their texts are gone, so signatures are
   * compared with theirs.
   */
  readonly earlier?: readonly EarlierKeys[];
  /** True: a document and what a generator made of it are no copies of each other. */
  readonly kin?: boolean;
  /** Bytes of the column `signature`; read where there are earlier documents. */
  readonly signatureBytes?: number;
  /** Called at the end with the documents that were looked at and stay, earlier ones among them. */
  readonly save?: (kept: { readonly count: number; has(document: number): boolean }) => Promise<void>;
}

export const bandColumn = (band: number): string => `band_${band}`;

/**
 * Global near-duplicate decision. Documents of equal normalised text are one; documents that share a band key are
 * candidates; candidates form components (union-find); in a component, from the best rank down, a document is dropped
 * when its true similarity to a document that stays is at least `threshold`, and names the most similar one. So a chain
 * a - b - c whose ends differ keeps a and c. Memory: 17 bytes a document, 8 more when ranked, 12 for the band in work
 * and 8 for every candidate and band; the last two are cut into passes that fit `memoryBytes`. Temporary disk: none but
 * the labels of survivors and candidates beyond the memory.
 */
export async function* decideNear(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
  options: NearDecision,
): AsyncGenerator<BarrierDecision> {
  const tables = new KeyTables(splits, options.earlier);
  const clusters = clustersOf(tables, memoryBytes, options);
  const wanted = new DocumentSet(tables.documents);
  for (const survivor of clusters.survivor) if (survivor >= 0) wanted.add(survivor);
  const labels = openLabels(tables, wanted);
  try {
    for (let s = 0; s < splits.length; s++) yield decisionOf(tables, s, clusters, labels.label);
  } finally {
    labels.close();
  }
  if (!options.save) return;
  const { survivor, judged, short } = clusters;
  const has = (d: number): boolean => survivor[d] < 0 && (judged[d] === 1 || short.has(d));
  let count = 0;
  for (let d = 0; d < tables.documents; d++) if (has(d)) count++;
  await options.save({ count, has });
}

/** What becomes of each document. */
interface Clusters {
  /** The document that stands for it, or -1. */
  readonly survivor: Int32Array;
  readonly similarity: Float64Array;
  /** Documents without a shingle, judged by their normalised text only. */
  readonly short: DocumentSet;
  /** 1 = compared by shingles. */
  readonly judged: Uint8Array;
}

function clustersOf(tables: KeyTables, memoryBytes: number, options: NearDecision): Clusters {
  const { documents } = tables;
  const similarity = new Float64Array(documents).fill(Number.NaN);
  const { survivor, short, copies, judged, rank } = equalCopies(tables, memoryBytes, options.ranked);
  if (options.bands > 0) nearTexts(tables, judged, rank, memoryBytes, options, survivor, similarity);
  // A copy of a document that was dropped is as far from the survivor as that one.
  for (let d = 0; d < documents; d++) {
    if (!copies.has(d)) continue;
    const head = survivor[d];
    similarity[d] = survivor[head] < 0 ? 1 : similarity[head];
    if (survivor[head] >= 0) survivor[d] = survivor[head];
  }
  return { survivor, similarity, short, judged };
}

function nearTexts(
  tables: KeyTables,
  judged: Uint8Array,
  rank: Float64Array | null,
  memoryBytes: number,
  { bands, threshold, shingles, kin = false, signatureBytes = 0 }: NearDecision,
  survivor: Int32Array,
  similarity: Float64Array,
): void {
  const components = new Components(tables.documents);
  const log = new MemberLog(scratchOf(tables.splits[0], 'members'), memoryBytes / 4);
  const texts = new SpilledTexts(tables.splits.map((s) => s.spill));
  try {
    let keys = 0;
    for (let band = 0; band < bands; band++) {
      let most = keys;
      eachEqualKey(tables, bandColumn(band), judged, memoryBytes / 2, (first, d, key, fresh) => {
        components.join(first, d);
        if (threshold === null) return;
        if (fresh) log.add(first, keys + key);
        log.add(d, keys + key);
        most = Math.max(most, keys + key + 1);
      });
      keys = most;
    }
    if (threshold === null) {
      keepBest(components, judged, rank, tables.earlier, survivor);
      return;
    }
    const held = tables.earlier > 0 ? signatureBytes : 0;
    for (const members of log.byComponent(components, memoryBytes / 4, held)) {
      const spans = spansOf(tables, members.documents);
      const sets = heldSets((m) => {
        const document = members.documents[m];
        return shingles(texts.text(tables.splitOf(document), spans.start[m], spans.bytes[m]));
      });
      const signatures = held > 0 ? signaturesOf(tables, members.documents, held) : null;
      const signature = (m: number): Uint16Array => signatures!.subarray((m * held) / 2, ((m + 1) * held) / 2);
      const areKin = kin ? kinOf(tables, members.documents) : () => false;
      const similarityOf = (m: number, other: number): number => {
        if (members.documents[other] < tables.earlier) return estimatedJaccard(signature(other), signature(m));
        return areKin(m, other) ? 0 : jaccard(sets.of(other), sets.of(m));
      };
      surviveInOrder(members, rank, threshold, tables.earlier, similarityOf, (m, head, value) => {
        survivor[members.documents[m]] = members.documents[head];
        similarity[members.documents[m]] = value;
      });
    }
  } finally {
    log.close();
    texts.close();
  }
}

/** Where the texts of these documents lie. */
function spansOf(tables: KeyTables, documents: Int32Array): { start: Float64Array; bytes: Int32Array } {
  const start = new Float64Array(documents.length);
  const bytes = new Int32Array(documents.length);
  let next = documents.findIndex((d) => d >= tables.earlier);
  if (next < 0) return { start, bytes };
  tables.scan(
    ['start', 'bytes'],
    ([starts, lengths], from, rows) => {
      const [s, b] = [new Float64Array(starts, 0, rows), new Int32Array(lengths, 0, rows)];
      for (; next < documents.length && documents[next] < from + rows; next++) {
        start[next] = s[documents[next] - from];
        bytes[next] = b[documents[next] - from];
      }
    },
    (from, to) => next < documents.length && documents[next] >= from && documents[next] < to,
  );
  return { start, bytes };
}

function signaturesOf(tables: KeyTables, documents: Members['documents'], bytes: number): Uint16Array {
  const out = new Uint8Array(documents.length * bytes);
  let next = 0;
  tables.scanText(
    'signature',
    (values, offsets, from, rows) => {
      for (; next < documents.length && documents[next] < from + rows; next++) {
        const at = offsets[documents[next] - from];
        out.set(values.subarray(at, at + bytes), next * bytes);
      }
    },
    (from, to) => next < documents.length && documents[next] >= from && documents[next] < to,
  );
  return new Uint16Array(out.buffer);
}

/** Without a check of similarity: one document of every component stays, and earlier ones. */
function keepBest(
  components: Components,
  judged: Uint8Array,
  rank: Float64Array | null,
  earlier: number,
  survivor: Int32Array,
): void {
  const best = new Int32Array(survivor.length).fill(-1);
  for (let d = 0; d < survivor.length; d++) {
    if (judged[d] !== 1) continue;
    const root = components.root(d);
    if (best[root] < 0 || (rank !== null && rank[d] > rank[best[root]])) best[root] = d;
  }
  for (let d = 0; d < survivor.length; d++) {
    if (judged[d] !== 1 || d < earlier) continue;
    const head = best[components.root(d)];
    if (head !== d) survivor[d] = head;
  }
}

function decisionOf(tables: KeyTables, s: number, clusters: Clusters, label: (d: number) => string): BarrierDecision {
  const first = tables.first[s];
  const rows = tables.first[s + 1] - first;
  const keep = new Uint8Array(rows);
  const rule = new Uint8Array(rows);
  const duplicateOf: (string | null)[] = new Array(rows).fill(null);
  for (let i = 0; i < rows; i++) {
    const head = clusters.survivor[first + i];
    keep[i] = head < 0 ? 1 : 0;
    if (head < 0) continue;
    duplicateOf[i] = head < tables.earlier ? EARLIER_RUN + label(head) : label(head);
    if (clusters.short.has(first + i)) rule[i] = 1;
  }
  const similarity = clusters.similarity.slice(first, first + rows);
  return { split: tables.splits[s].split, keep, duplicateOf, similarity, rule };
}
