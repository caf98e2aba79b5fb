// What writes: without the schemas of options, which cost every thread that loads them 60 ms.
import type { Encoders } from '../kernels/encoders.ts';
import { loadKernel } from '../kernels/kernel.ts';
import { byteRange, type Cutter, rowGroups, wholeFile } from './cut.ts';
import { jsonlExtension, jsonlWriter } from './jsonl.ts';
import type { SinkDescriptor } from './options.ts';
import type { OutputPlace, SegmentFile } from './output-file.ts';
import { parquetJoiner, parquetWriter } from './parquet/writer.ts';
import { type BlindTotals, quarantineJoiner } from './quarantine-joiner.ts';
import type { SegmentWriter } from './segment.ts';
import { concatenation, type Joiner, joinFiles, type PlannedShard, planShards as planNamed } from './shards.ts';

type Kind = SinkDescriptor['kind'];
type Of<K extends Kind> = Extract<SinkDescriptor, { kind: K }>;

/** What there is to know of a kind of sink. */
interface SinkFormat<S extends SinkDescriptor> {
  /** False: it writes something else than the rows of documents, and is never the sink `documents`. */
  readonly documents: boolean;
  extension(sink: S): string;
  open(place: OutputPlace, sink: S, kernel: Encoders | undefined): Promise<SegmentWriter>;
  /** How segments become a shard; absent: every segment stays a file of its own. */
  readonly joiner?: (sink: S, path: string) => Joiner | Promise<Joiner>;
  /** How a segment comes out of a shard again; null: it does not. */
  readonly cutter: Cutter | null;
}

const FORMATS: { readonly [K in Kind]: SinkFormat<Of<K>> } = {
  parquet: {
    documents: true,
    extension: () => 'parquet',
    open: async (place, { options }, kernel) => parquetWriter(place, options, await encoders(kernel)),
    joiner: (_, path) => parquetJoiner(path),
    cutter: rowGroups,
  },
  jsonl: {
    documents: true,
    extension: ({ options }) => jsonlExtension(options),
    open: async (place, { options }, kernel) => jsonlWriter(place, options, await encoders(kernel)),
    joiner: () => concatenation,
    cutter: byteRange,
  },
  // apache-arrow costs a thread 18 MB: loaded by those who write it.
  arrow: {
    documents: true,
    extension: ({ options }) => (options.format === 'file' ? 'arrow' : 'arrows'),
    open: async (place, { options }) => (await import('./arrow.ts')).arrowWriter(place, options),
    joiner: async ({ options }) => (await import('./arrow.ts')).arrowJoiner(options),
    cutter: null,
  },
  // Sequences are cut by splits, also while the run goes on: their files stay as they were committed.
  tokens: {
    documents: false,
    extension: () => 'bin',
    open: async (place, sink, kernel) =>
      (await import('./tokens/writer.ts')).tokensWriter(place, sink, await encoders(kernel)),
    cutter: wholeFile,
  },
};

const formatOf = (sink: SinkDescriptor): SinkFormat<SinkDescriptor> =>
  FORMATS[sink.kind] as unknown as SinkFormat<SinkDescriptor>;

/** Of every run: `ledger/`, Parquet zstd. */
export const ledgerSink: SinkDescriptor = {
  name: 'ledger',
  kind: 'parquet',
  options: { compression: 'zstd', level: 1, columns: null },
};

/** Of every run: `quarantine/`, plain JSON lines. */
export const quarantineSink: SinkDescriptor = {
  name: 'quarantine',
  kind: 'jsonl',
  options: { compression: 'none', columns: null, textField: 'text' },
};

/** Extension of a sink's files, without the dot. */
export const sinkExtension = (sink: SinkDescriptor): string => formatOf(sink).extension(sink);

/** True of a sink whose rows are documents, so that it can be `documents`. */
export const writesDocuments = (sink: SinkDescriptor): boolean => formatOf(sink).documents;

/** True of a sink whose segments are joined into shards at the end of a run. */
export const isJoined = (sink: SinkDescriptor): boolean => formatOf(sink).joiner !== undefined;

/** How segments of a sink come out of its shards again; null: they do not. */
export const cutterOf = (sink: SinkDescriptor): Cutter | null => formatOf(sink).cutter;

export interface SegmentPlace extends OutputPlace {
  /** The kernel of this thread; it must be at rest while a writer works. Default: one of the sinks' own. */
  readonly kernel?: Encoders;
}

let ownKernel: Promise<Encoders> | null = null;

async function encoders(kernel: Encoders | undefined): Promise<Encoders> {
  if (kernel) return kernel;
  ownKernel ??= loadKernel();
  return ownKernel;
}

/**
 * A writer for one segment of a sink.
 * @param place `path` without its extension, which the sink adds. The folder must exist; the file is made with the
 *   first row group.
 */
export async function openSegmentWriter(
  sink: SinkDescriptor,
  { kernel, ...place }: SegmentPlace,
): Promise<SegmentWriter> {
  const at = { ...place, path: `${place.path}.${sinkExtension(sink)}` };
  return formatOf(sink).open(at, sink, kernel);
}

/** Which segments become which shard, by size only; see `shards.ts`. */
export function planShards<F extends SegmentFile>(
  sink: SinkDescriptor,
  segments: readonly F[],
  shardBytes: number,
): PlannedShard<F>[] {
  return planNamed(sinkExtension(sink), segments, shardBytes);
}

/**
 * Joins finished segments into `<path>.tmp` without encoding anything again. Deterministic.
 * @param blind of the quarantine, where the whole run tells how many documents are lost
 */
export async function writeShard(
  sink: SinkDescriptor,
  { inputs, blind, ...place }: OutputPlace & { readonly inputs: readonly SegmentFile[]; readonly blind?: BlindTotals },
): Promise<SegmentFile> {
  if (blind) return joinFiles(place, inputs, quarantineJoiner(blind));
  const { joiner = () => concatenation } = formatOf(sink);
  return joinFiles(place, inputs, await joiner(sink, place.path));
}
