import { InputError, InvariantError } from '../../errors.ts';
import type { Encoders } from '../../kernels/encoders.ts';
import { loadTokenizer } from '../../models/tokenizers/load.ts';
import type { Tokenizer } from '../../models/tokenizers/tokenizer.ts';
import { type NumberColumn, stringAt, type Utf8Column } from '../../streams/batch/columns.ts';
import type { DomainTokens } from '../../streams/commits/log.ts';
import { type TokenVocabulary, tokenArray } from '../../streams/tokens/token-kind.ts';
import type { SinkDescriptor } from '../options.ts';
import { createOutputFile, type OutputFile, type OutputPlace, type SegmentFile } from '../output-file.ts';
import { parquetWriter } from '../parquet/writer.ts';
import type { SegmentWriter } from '../segment.ts';
import type { TableBatch, TableColumn } from '../table.ts';
import { INDEX_OPTIONS, indexColumns } from './index-table.ts';

type TokensSink = Extract<SinkDescriptor, { kind: 'tokens' }>;

const loaded = new Map<string, Promise<Tokenizer>>();

/** The tokenizer of a sink, once a thread. Errors: InputError when it is another one than the recipe was made with. */
async function tokenizerOf({ options, vocabulary }: TokensSink): Promise<Tokenizer> {
  const key = `${options.tokenizer} ${vocabulary?.hash}`;
  const known = loaded.get(key) ?? loadTokenizer(options.tokenizer);
  loaded.set(key, known);
  const tokenizer = await known;
  if (tokenizer.hash === vocabulary?.hash) return tokenizer;
  throw new InputError({
    expected: `the tokenizer with hash ${vocabulary?.hash}, as the run began`,
    got: tokenizer.hash,
    where: options.tokenizer,
    fix: 'Put the first one back, or start again with --fresh.',
  });
}

/** What a batch becomes: its ids as they stand in the file, and how many of them each document has. */
interface Encoded {
  readonly bytes: Uint8Array;
  readonly lengths: Uint32Array;
}

function encode(tokenizer: Tokenizer, vocabulary: TokenVocabulary, text: Utf8Column, batch: TableBatch): Encoded {
  const { endOfText } = vocabulary;
  const { rows, tokenIds } = batch;
  const known = tokenIds?.tokenizer === vocabulary.hash ? tokenIds : null;
  const { ids, offsets } = known ?? tokenizer.encodeBatch(text.values, text.offsets.subarray(0, rows + 1));
  const end = endOfText === null ? 0 : 1;
  const lengths = new Uint32Array(rows);
  const all = new (tokenArray(vocabulary))(ids.length + end * rows);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    const own = ids.subarray(offsets[i], offsets[i + 1]);
    all.set(own, at);
    at += own.length;
    if (endOfText !== null) all[at++] = endOfText;
    lengths[i] = own.length + end;
  }
  return { bytes: new Uint8Array(all.buffer, 0, all.byteLength), lengths };
}

/** Little-endian ids, one document after the other, and beside them a Parquet index of the documents. */
export async function tokensWriter(
  { path, ...place }: OutputPlace,
  sink: TokensSink,
  encoders: Encoders,
): Promise<SegmentWriter> {
  const tokenizer = await tokenizerOf(sink);
  const index = await parquetWriter(
    { ...place, path: path.replace(/\.bin$/, '.index.parquet') },
    INDEX_OPTIONS,
    encoders,
  );
  const domains = new Map<string, { documents: number; tokens: number }>();
  let beside: Record<string, SegmentFile> = {};
  let file: OutputFile | null = null;
  let [rows, textBytes, tokens] = [0, 0, 0];

  function count(batch: TableBatch, lengths: Uint32Array): Uint32Array {
    const domain = batch.columns.get('domain') as Utf8Column;
    const begins = new Uint32Array(batch.rows);
    for (let i = 0; i < batch.rows; i++) {
      begins[i] = tokens;
      tokens += lengths[i];
      const name = stringAt(domain, i) ?? '';
      const own = domains.get(name) ?? { documents: 0, tokens: 0 };
      own.documents++;
      own.tokens += lengths[i];
      domains.set(name, own);
    }
    if (tokens > 0xffffffff)
      throw new InvariantError({ expected: 'at most 4,294,967,295 tokens in a split', got: `${tokens}`, where: path });
    return begins;
  }
  return {
    async write(batch) {
      if (batch.rows === 0) return;
      const text = batch.columns.get('text');
      if (text?.type !== 'utf8')
        throw new InvariantError({ expected: 'documents with a text', got: text?.type ?? 'none', where: path });
      const { bytes, lengths } = encode(tokenizer, sink.vocabulary!, text, batch);
      file ??= await createOutputFile({ ...place, path });
      await file.write(bytes);
      const begins = count(batch, lengths);
      await index.write({
        columns: new Map<string, TableColumn>([
          ...indexColumns(batch, sink.options.columns, path),
          ['begin', uint32(begins)],
          ['length', uint32(lengths)],
        ]),
        rows: batch.rows,
      });
      rows += batch.rows;
      textBytes += text.offsets[batch.rows] - text.offsets[0];
    },
    async finish() {
      const listed = await index.finish();
      if (file === null || listed === null) return null;
      beside = { index: listed };
      const byDomain: DomainTokens = Object.fromEntries(domains);
      return { path, rows, textBytes, tokens: byDomain, ...(await file.finish()) };
    },
    async abort() {
      await index.abort();
      await file?.abort();
    },
    get beside() {
      return beside;
    },
    get bufferedBytes() {
      return index.bufferedBytes;
    },
  };
}

const uint32 = (values: Uint32Array): NumberColumn => ({ type: 'uint32', values, valid: null });
