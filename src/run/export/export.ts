import { join } from 'node:path';
import { ConfigError, InvariantError } from '../../errors.ts';
import { writeWhole } from '../../files/whole.ts';
import { loadXxhash } from '../../hash.ts';
import {
  bytesOf,
  type Exported,
  type ExportFormat,
  type ExportPart,
  type ExportWriter,
  rowsBetween,
} from '../../sinks/exports/format.ts';
import { readDocuments, type TokenRows } from '../../streams/tokens/documents.ts';
import { type CutOptions, Sequences } from '../../streams/tokens/sequences.ts';
import { readIndexColumns } from '../../streams/tokens/split-index.ts';
import { tokenArray } from '../../streams/tokens/token-kind.ts';
import { openStores, type Stores } from '../feed/stores.ts';
import { openExportFolder } from './folder.ts';
import { unfinished } from './unfinished.ts';

export interface ExportOptions {
  /** Run directories with a sink of tokens, finished. */
  readonly stores: readonly string[];
  /** Name of the sink, where a run has several. */
  readonly sink?: string | null;
  readonly format: ExportFormat;
  /** Only documents of these domains, as trainers that mix files by themselves want them. Default: all. */
  readonly domains?: readonly string[];
  /** Folder for the files: a new one, an empty one, or that of an earlier export, which is replaced. */
  readonly output: string;
  /** Share of the documents that go to `val`, by a hash of their tokens: equal documents go to the same side. */
  readonly valShare?: number;
  /** `documents`: a row is a document. `concat`, `best-fit`: a sequence, cut as `sluice feed` does. */
  readonly packing?: 'documents' | CutOptions['packing'];
  /** Tokens of a sequence. Default 2048. */
  readonly contextLength?: number;
  readonly windowSplits?: number;
  readonly cacheBytes?: number;
}

export interface ExportReport {
  readonly format: string;
  readonly output: string;
  readonly tokenizer: string;
  readonly documents: number;
  readonly tokens: number;
  /** Documents without a token that the format cannot hold. */
  readonly empty: number;
  readonly parts: Readonly<Partial<Record<ExportPart, { readonly rows: number; readonly tokens: number }>>>;
  readonly files: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Writes the tokens of finished runs as files that a trainer reads. Streams: memory is that of a chunk of documents, of
 * an index of a split and of what the format buffers. A killed one leaves nothing that a reader finds, and the next
 * start begins anew. Errors: ConfigError for options, an unfinished run, and a folder that is somebody else's;
 * InputError for damaged files; InvariantError when not every token and document came out (with `domains`: all of
 * theirs).
 */
export async function exportTokens(options: ExportOptions): Promise<ExportReport> {
  const { format, output } = options;
  const packing = packingOf(options);
  const valShare = valShareOf(options, packing);
  const stores = await openStores(options.stores, options.sink ?? null);
  if (!stores.done) throw unfinished(stores);
  const wanted = wantedOf(options.domains, stores);
  const totals = await totalsOf(stores, wanted);
  if (totals.documents === 0)
    throw new ConfigError({ expected: 'documents to export', got: 'none', where: stores.paths.join(', ') });
  const folder = await openExportFolder(output);
  try {
    const rows = packing === 'documents' ? documentsOf(stores) : sequencesOf(stores, { ...options, packing }, wanted);
    const parts = await write(format, folder.work, stores, rows, await chooser(valShare, wanted));
    const report = { ...reportOf(options, stores, totals, parts, valShare), files: [] as string[] };
    checkCounts(totals, parts, packing === 'documents', output);
    for (const { files } of Object.values(parts)) report.files.push(...files);
    const { vocabulary, tokenizer } = stores;
    const tokens = { train: parts.train?.tokens ?? 0, ...(parts.val && { val: parts.val.tokens }) };
    for (const { name, data } of format.meta?.({ tokenizer, vocabulary, tokens }) ?? []) {
      await writeWhole(join(folder.work, name), data);
      report.files.push(name);
    }
    const { files, ...facts } = report;
    await folder.publish(files, { ...facts, packing, vocabulary, stores: stores.paths });
    return report;
  } finally {
    await folder.close();
  }
}

type Wanted = (domain: string) => boolean;

function wantedOf(domains: readonly string[] | undefined, { splits }: Stores): Wanted | null {
  if (domains === undefined || domains.length === 0) return null;
  const known = new Set(splits.flatMap((s) => [...(s?.tokens.keys() ?? [])]));
  const stranger = domains.find((d) => !known.has(d));
  if (stranger === undefined) return (domain) => domains.includes(domain);
  throw new ConfigError({ expected: `domains of ${[...known].sort().join(', ')}`, got: stranger, where: '--domain' });
}

function packingOf({ packing, format }: ExportOptions): NonNullable<ExportOptions['packing']> {
  const [first] = format.rows;
  const wanted = packing ?? (first === 'documents' ? 'documents' : 'concat');
  if (format.rows.includes(wanted === 'documents' ? 'documents' : 'sequences')) return wanted;
  throw new ConfigError({
    expected: `rows that are ${format.rows.join(' or ')} for ${format.name}`,
    got: wanted,
    where: '--packing',
    fix: 'Leave it out: the trainer cuts sequences itself.',
  });
}

function valShareOf({ valShare, format }: ExportOptions, packing: string): number {
  const share = valShare ?? (packing === 'documents' ? format.valShare : 0);
  if (!(share >= 0 && share < 1))
    throw new ConfigError({
      expected: 'a share from 0 up to, not including, 1',
      got: `${share}`,
      where: '--val-share',
    });
  if (share > 0 && packing !== 'documents')
    throw new ConfigError({
      expected: 'whole documents for validation',
      got: `sequences of ${packing}, which hold several`,
      where: '--val-share',
      fix: 'Add --packing documents, or hold documents back in the recipe.',
    });
  return share;
}

async function* documentsOf(stores: Stores): AsyncGenerator<TokenRows> {
  for (const split of stores.splits) if (split !== null) yield* readDocuments(split, stores.vocabulary);
}

/** Sequences that are handed on at once hold so many tokens. */
const CHUNK_TOKENS = 1 << 20;

/** Window by window, so that an index is read once, and domains do not come one after the other as a whole. */
async function* sequencesOf(
  stores: Stores,
  { contextLength = 2048, packing, windowSplits = 8, cacheBytes = 64 * 1024 * 1024 }: ExportOptions,
  wanted: Wanted | null,
): AsyncGenerator<TokenRows> {
  const cut = { contextLength, packing: packing as CutOptions['packing'], windowSplits, cacheBytes };
  const sequences = new Sequences(cut);
  try {
    await sequences.extend(stores.splits, true);
    const domains = sequences.domains.filter((d) => wanted?.(d) ?? true).sort();
    const most = Math.max(1, Math.floor(CHUNK_TOKENS / contextLength));
    const array = tokenArray(stores.vocabulary);
    const windows = Math.ceil(stores.splits.length / windowSplits);
    for (let window = 0; window < windows; window++)
      for (const domain of domains) {
        const [first, end] = sequences.windows(domain).slice(window, window + 2);
        for (let from = first; from < end; from += most) {
          const to = Math.min(end, from + most);
          const ids = new array((to - from) * contextLength);
          const offsets = new Uint32Array(to - from + 1);
          const starts: (readonly number[])[] = [];
          for (let k = from; k < to; k++) {
            const at = offsets[k - from];
            const facts = await sequences.read(domain, k, ids.subarray(at, at + contextLength));
            offsets[k - from + 1] = at + facts.length;
            starts.push(facts.starts);
          }
          yield { ids, offsets, domains: starts.map(() => domain), starts };
        }
      }
  } finally {
    sequences.close();
  }
}

type Parts = Partial<Record<ExportPart, Exported>>;

async function write(
  format: ExportFormat,
  folder: string,
  { vocabulary }: Stores,
  all: AsyncIterable<TokenRows>,
  partOf: Chooser,
): Promise<Parts> {
  const writers = new Map<ExportPart, ExportWriter>();
  const writerOf = async (part: ExportPart): Promise<ExportWriter> => {
    const writer = writers.get(part) ?? (await format.open({ folder, part, vocabulary }));
    writers.set(part, writer);
    return writer;
  };
  try {
    return await writeAll(all, partOf, writerOf, writers);
  } catch (error) {
    for (const writer of writers.values()) await writer.abort();
    throw error;
  }
}

async function writeAll(
  all: AsyncIterable<TokenRows>,
  partOf: Chooser,
  writerOf: (part: ExportPart) => Promise<ExportWriter>,
  writers: ReadonlyMap<ExportPart, ExportWriter>,
): Promise<Parts> {
  for await (const rows of all) {
    const n = rows.domains.length;
    for (let from = 0; from < n; ) {
      const part = partOf(rows, from);
      let to = from + 1;
      while (to < n && partOf(rows, to) === part) to++;
      if (part !== null) await (await writerOf(part)).write(rowsBetween(rows, from, to));
      from = to;
    }
  }
  const parts: Parts = {};
  for (const [part, writer] of writers) {
    const exported = await writer.finish();
    if (exported) parts[part] = exported;
  }
  return parts;
}

/** Null: the row is not wanted. */
type Chooser = (rows: TokenRows, row: number) => ExportPart | null;

/** By the hash of a document's ids alone: the same side in every run and order, and for every copy of it. */
async function chooser(valShare: number, wanted: Wanted | null): Promise<Chooser> {
  const left = (domain: string): boolean => wanted !== null && !wanted(domain);
  if (valShare === 0) return ({ domains }, row) => (left(domains[row]) ? null : 'train');
  const { h64Raw } = await loadXxhash();
  const below = BigInt(Math.round(valShare * 2 ** 53));
  return ({ ids, offsets, domains }, row) => {
    if (left(domains[row])) return null;
    return h64Raw(bytesOf(ids.subarray(offsets[row], offsets[row + 1]))) >> 11n < below ? 'val' : 'train';
  };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

interface Totals {
  readonly documents: number;
  readonly tokens: number;
}

/** Of the wanted domains, as they were committed; `wanted` null: all, which needs no index. */
async function totalsOf({ splits }: Stores, wanted: Wanted | null): Promise<Totals> {
  let [documents, tokens] = [0, 0];
  for (const split of splits) {
    if (split === null) continue;
    for (const [domain, n] of split.tokens) if (wanted?.(domain) ?? true) tokens += n;
    documents +=
      wanted === null
        ? split.documents
        : (await readIndexColumns(split.index, ['domain'])).domain.filter(wanted).length;
  }
  return { documents, tokens };
}

function checkCounts(committed: Totals, parts: Parts, documents: boolean, where: string): void {
  const all = Object.values(parts);
  const expected = documents ? `${committed.documents} documents and ${committed.tokens} tokens` : committed.tokens;
  const tokens = sum(all.map((p) => p.tokens));
  const got = documents ? `${sum(all.map((p) => p.rows + p.empty))} documents and ${tokens} tokens` : tokens;
  if (got !== expected)
    throw new InvariantError({ expected: `${expected}, as they were committed`, got: String(got), where });
}

function reportOf(
  { format, output }: ExportOptions,
  stores: Stores,
  totals: Totals,
  parts: Parts,
  valShare: number,
): Omit<ExportReport, 'files'> {
  const lacking = (valShare > 0 ? (['train', 'val'] as const) : []).filter((part) => parts[part] === undefined);
  return {
    format: format.name,
    output,
    tokenizer: stores.tokenizer,
    ...totals,
    empty: sum(Object.values(parts).map((p) => p.empty)),
    parts: Object.fromEntries(Object.entries(parts).map(([part, { rows, tokens }]) => [part, { rows, tokens }])),
    notes: [
      ...format.notes(stores.vocabulary),
      ...lacking.map((part) => `No document fell to ${part}: there are few. Another --val-share moves the cut.`),
    ],
  };
}
