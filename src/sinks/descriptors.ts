import * as z from 'zod';
import { ConfigError, nearestName } from '../errors.ts';
import { type NamedOptions, type SinkDescriptor, sinkOptions } from './options.ts';

/** Parquet: `compression` zstd (default), snappy or none; `columns` to write. */
export const parquet = (options: NamedOptions<'parquet'> = {}): Extract<SinkDescriptor, { kind: 'parquet' }> =>
  descriptor('parquet', options);

/** JSON lines: `compression` zst (default), gz or none; `columns`; `textField`. */
export const jsonl = (options: NamedOptions<'jsonl'> = {}): Extract<SinkDescriptor, { kind: 'jsonl' }> =>
  descriptor('jsonl', options);

/** Arrow IPC: `format` file (default) or stream; `columns`. */
export const arrow = (options: NamedOptions<'arrow'> = {}): Extract<SinkDescriptor, { kind: 'arrow' }> =>
  descriptor('arrow', options);

const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'a name of a-z, 0-9, - and _');

function descriptor<K extends SinkDescriptor['kind']>(
  kind: K,
  { name = kind, ...options }: NamedOptions<K>,
): Extract<SinkDescriptor, { kind: K }> {
  const where = `sink ${kind}()`;
  const checkedName = nameSchema.safeParse(name);
  if (!checkedName.success)
    throw new ConfigError({ expected: 'a name of a-z, 0-9, - and _', got: JSON.stringify(name), where });
  const checked = sinkOptions[kind].safeParse(options);
  if (checked.success)
    return { name: checkedName.data, kind, options: checked.data } as Extract<SinkDescriptor, { kind: K }>;
  const issue = checked.error.issues[0];
  const known = ['name', ...Object.keys(sinkOptions[kind].shape)];
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : null;
  const near = unknown ? nearestName(unknown, known) : null;
  throw new ConfigError({
    expected: unknown ? `options ${known.join(', ')}` : issue.message,
    got: unknown ?? `another value for ${issue.path.map(String).join('.')}`,
    where,
    fix: near ? `Did you mean ${near}?` : undefined,
    cause: checked.error,
  });
}
