// What writes: without the schemas of options, which cost every thread that loads them 60 ms.
import type { Encoders } from '../kernels/encoders.ts';
import { loadKernel } from '../kernels/kernel.ts';
import { jsonlExtension, jsonlWriter } from './jsonl.ts';
import type { SinkDescriptor } from './options.ts';
import type { OutputPlace, SegmentFile } from './output-file.ts';
import { parquetJoiner, parquetWriter } from './parquet/writer.ts';
import type { SegmentWriter } from './segment.ts';
import { concatenation, type Joiner, joinFiles, type PlannedShard, planShards as planNamed } from './shards.ts';

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

/** What a kind of sink does; `O` are its options. */
interface Format<O> {
  /** Of its files, without the dot. */
  extension(options: O): string;
  writer(at: OutputPlace, options: O, kernel: Encoders | undefined): Promise<SegmentWriter>;
  /** What makes one file of several. @param path of that file, without `.tmp` */
  joiner(options: O, path: string): Promise<Joiner>;
}

const FORMATS: { readonly [K in SinkDescriptor['kind']]: Format<Extract<SinkDescriptor, { kind: K }>['options']> } = {
  parquet: {
    extension: () => 'parquet',
    writer: async (at, options, kernel) => parquetWriter(at, options, await encoders(kernel)),
    joiner: async (_, path) => parquetJoiner(path),
  },
  jsonl: {
    extension: jsonlExtension,
    writer: async (at, options, kernel) => jsonlWriter(at, options, await encoders(kernel)),
    joiner: async () => concatenation,
  },
  // apache-arrow costs a thread 18 MB: loaded by those who write it.
  arrow: {
    extension: ({ format }) => (format === 'file' ? 'arrow' : 'arrows'),
    writer: async (at, options) => (await import('./arrow.ts')).arrowWriter(at, options),
    joiner: async (options) => (await import('./arrow.ts')).arrowJoiner(options),
  },
};

/** Options belong to the kind beside them, which the compiler does not see in a table. */
const formatOf = ({ kind }: SinkDescriptor) => FORMATS[kind] as Format<SinkDescriptor['options']>;

/** Extension of a sink's files, without the dot. */
export const sinkExtension = (sink: SinkDescriptor): string => formatOf(sink).extension(sink.options);

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
  return formatOf(sink).writer(at, sink.options, kernel);
}

/** Which segments become which shard, by size only; see `shards.ts`. */
export function planShards<F extends SegmentFile>(
  sink: SinkDescriptor,
  segments: readonly F[],
  shardBytes: number,
): PlannedShard<F>[] {
  return planNamed(sinkExtension(sink), segments, shardBytes);
}

/** Joins finished segments into `<path>.tmp` without encoding anything again. Deterministic. */
export async function writeShard(
  sink: SinkDescriptor,
  { inputs, ...place }: OutputPlace & { readonly inputs: readonly SegmentFile[] },
): Promise<SegmentFile> {
  return joinFiles(place, inputs, await formatOf(sink).joiner(sink.options, place.path));
}
