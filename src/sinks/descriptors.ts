import * as z from 'zod';
import { readVocabulary } from '../models/tokenizers/vocabulary.ts';
import { parseOptions } from '../options.ts';
import { tokenVocabulary } from '../streams/tokens/token-kind.ts';
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

/**
 * Token ids for a trainer, in `sinks/tokens/`: a file of uint16 (uint32 for more than 65,536 ids) a split, and a
 * Parquet index of its documents. `tokenizer` is required; `endOfText`, `columns`. Errors: ConfigError when there is
 * no such tokenizer.
 */
export const tokens = (options: NamedOptions<'tokens'>): Extract<SinkDescriptor, { kind: 'tokens' }> => {
  const sink = descriptor('tokens', options);
  const { tokenizer, endOfText } = sink.options;
  return {
    ...sink,
    vocabulary: tokenVocabulary(readVocabulary(tokenizer), endOfText),
    places: tokenizer === 'bytes' ? [] : ['tokenizer'],
  };
};

const name = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'a name of a-z, 0-9, - and _');

function descriptor<K extends SinkDescriptor['kind']>(
  kind: K,
  given: NamedOptions<K>,
): Extract<SinkDescriptor, { kind: K }> {
  const schema = z.strictObject({ name: name.default(kind), ...sinkOptions[kind].shape });
  const { name: called, ...options } = parseOptions(schema, given, `sink ${kind}()`);
  return { name: called, kind, options } as unknown as Extract<SinkDescriptor, { kind: K }>;
}
