import * as z from 'zod';
import { ConfigError, nearestName } from '../errors.ts';
import type { Encoders } from '../kernels/encoders.ts';
import { loadKernel } from '../kernels/kernel.ts';
import { arrowExtension, arrowOptions } from './arrow-options.ts';
import { jsonlExtension, jsonlOptions, jsonlWriter } from './jsonl.ts';
import type { OutputPlace, SegmentFile } from './output-file.ts';
import { parquetJoiner, parquetOptions, parquetWriter } from './parquet/writer.ts';
import type { SegmentWriter } from './segment.ts';
import { concatenation, joinFiles, type PlannedShard, planShards as planNamed } from './shards.ts';

export { nullColumn } from './column-makers.ts';
export { documentColumns, documentSchema } from './documents.ts';
export { EXCERPT_BYTES, excerptColumn } from './excerpt.ts';
export { type FileSystem, nodeFileSystem, type OpenFile } from './file-system.ts';
export { ledgerQuarantineRows, ledgerRows, ledgerSchema } from './ledger.ts';
export { type OutputPlace, publish, type SegmentFile } from './output-file.ts';
export { quarantineRows } from './quarantine.ts';
export { runReadme } from './readme.ts';
export type { SegmentWriter } from './segment.ts';
export { type PlannedShard, SHARD_BYTES } from './shards.ts';
export type { ListColumn, StructColumn, TableBatch, TableColumn } from './table.ts';

const kinds = { parquet: parquetOptions, jsonl: jsonlOptions, arrow: arrowOptions };

type Kinds = typeof kinds;

/** A sink as plain data: it crosses threads, is hashed with the recipe and recorded. */
export type SinkDescriptor = {
  [K in keyof Kinds]: { readonly name: string; readonly kind: K; readonly options: Readonly<z.infer<Kinds[K]>> };
}[keyof Kinds];

type Named<K extends keyof Kinds> = z.input<Kinds[K]> & {
  /** Folder below `sinks/`; the first sink of a recipe is always `documents`. Default: the kind. */
  readonly name?: string;
};

/** Parquet: `compression` zstd (default), snappy or none; `columns` to write. */
export const parquet = (options: Named<'parquet'> = {}): Extract<SinkDescriptor, { kind: 'parquet' }> =>
  descriptor('parquet', options);

/** JSON lines: `compression` zst (default), gz or none; `columns`; `textField`. */
export const jsonl = (options: Named<'jsonl'> = {}): Extract<SinkDescriptor, { kind: 'jsonl' }> =>
  descriptor('jsonl', options);

/** Arrow IPC: `format` file (default) or stream; `columns`. */
export const arrow = (options: Named<'arrow'> = {}): Extract<SinkDescriptor, { kind: 'arrow' }> =>
  descriptor('arrow', options);

const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'a name of a-z, 0-9, - and _');

function descriptor<K extends keyof Kinds>(
  kind: K,
  { name = kind, ...options }: Named<K>,
): Extract<SinkDescriptor, { kind: K }> {
  const where = `sink ${kind}()`;
  const checkedName = nameSchema.safeParse(name);
  if (!checkedName.success)
    throw new ConfigError({ expected: 'a name of a-z, 0-9, - and _', came: JSON.stringify(name), where });
  const checked = kinds[kind].safeParse(options);
  if (checked.success)
    return { name: checkedName.data, kind, options: checked.data } as Extract<SinkDescriptor, { kind: K }>;
  const issue = checked.error.issues[0];
  const known = ['name', ...Object.keys(kinds[kind].shape)];
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : null;
  const near = unknown ? nearestName(unknown, known) : null;
  throw new ConfigError({
    expected: unknown ? `options ${known.join(', ')}` : issue.message,
    came: unknown ?? `another value for ${issue.path.map(String).join('.')}`,
    where,
    todo: near ? `Did you mean ${near}?` : undefined,
    cause: checked.error,
  });
}

/** Of every run: `ledger/`, Parquet zstd. */
export const ledgerSink: SinkDescriptor = parquet({ name: 'ledger' });

/** Of every run: `quarantine/`, plain JSON lines. */
export const quarantineSink: SinkDescriptor = jsonl({ name: 'quarantine', compression: 'none' });

/** Extension of a sink's files, without the dot. */
export function sinkExtension(sink: SinkDescriptor): string {
  if (sink.kind === 'jsonl') return jsonlExtension(sink.options);
  return sink.kind === 'arrow' ? arrowExtension(sink.options) : 'parquet';
}

export interface SegmentPlace extends OutputPlace {
  /** The kernel of this thread; it must be at rest while a writer works. Default: one of the sinks' own. */
  readonly kernel?: Encoders;
}

let ownKernel: Promise<Encoders> | null = null;

/**
 * A writer for one segment of a sink.
 * @param place `path` without its extension, which the sink adds. The folder must exist; the file is made with the first row group.
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
