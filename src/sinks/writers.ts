// What writes: without the schemas of options, which cost every thread that loads them 60 ms.
import type { Encoders } from '../kernels/encoders.ts';
import { loadKernel } from '../kernels/kernel.ts';
import { jsonlExtension, jsonlWriter } from './jsonl.ts';
import type { SinkDescriptor } from './options.ts';
import type { OutputPlace, SegmentFile } from './output-file.ts';
import { parquetJoiner, parquetWriter } from './parquet/writer.ts';
import type { SegmentWriter } from './segment.ts';
import { concatenation, joinFiles, type PlannedShard, planShards as planNamed } from './shards.ts';

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
export function sinkExtension(sink: SinkDescriptor): string {
  if (sink.kind === 'jsonl') return jsonlExtension(sink.options);
  if (sink.kind === 'arrow') return sink.options.format === 'file' ? 'arrow' : 'arrows';
  return 'parquet';
}

export interface SegmentPlace extends OutputPlace {
  /** The kernel of this thread; it must be at rest while a writer works. Default: one of the sinks' own. */
  readonly kernel?: Encoders;
}

let ownKernel: Promise<Encoders> | null = null;

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
  // apache-arrow costs a thread 18 MB: loaded by those who write it.
  if (sink.kind === 'arrow') return (await import('./arrow.ts')).arrowWriter(at, sink.options);
  ownKernel ??= kernel ? null : loadKernel();
  const encoders = kernel ?? (await ownKernel!);
  return sink.kind === 'jsonl' ? jsonlWriter(at, sink.options, encoders) : parquetWriter(at, sink.options, encoders);
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
  const joiner =
    sink.kind === 'parquet'
      ? parquetJoiner(place.path)
      : sink.kind === 'arrow'
        ? (await import('./arrow.ts')).arrowJoiner(sink.options)
        : concatenation;
  return joinFiles(place, inputs, joiner);
}
