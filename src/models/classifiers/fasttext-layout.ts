import { ConfigError, InputError } from '../../errors.ts';
import { type ByteFile, type Cursor, cursorOver } from './byte-file.ts';

/** How scores come of the products with the output matrix. */
export type FastTextLoss = 'hs' | 'ns' | 'softmax' | 'ova';

/** Where a product quantiser has its centroids: 256 of `dsub` floats a part of a vector, the last one shorter. */
export interface QuantizerLayout {
  readonly dim: number;
  readonly parts: number;
  readonly dsub: number;
  readonly lastDsub: number;
  readonly centroidsAt: number;
}

/** Where a matrix lies in the file. */
export interface MatrixLayout {
  readonly rows: number;
  readonly columns: number;
  /** Floats row by row, or codes. */
  readonly at: number;
  readonly codes: null | {
    readonly quantizer: QuantizerLayout;
    readonly norms: null | { readonly at: number; readonly quantizer: QuantizerLayout };
  };
}

/** Everything in a model file but its numbers. */
export interface FastTextLayout {
  readonly dim: number;
  readonly minn: number;
  readonly maxn: number;
  readonly bucket: number;
  readonly wordNgrams: number;
  readonly loss: FastTextLoss;
  readonly words: number;
  /** Words, then labels. */
  readonly vocabulary: { readonly bytes: Uint8Array; readonly starts: Uint32Array };
  readonly labels: readonly string[];
  readonly labelCounts: readonly number[];
  /** -1: all buckets have a row. */
  readonly prunedBuckets: number;
  readonly prunedAt: number;
  readonly input: MatrixLayout;
  readonly output: MatrixLayout;
}

const MAGIC = 793712314;
const LOSSES: readonly (FastTextLoss | null)[] = [null, 'hs', 'ns', 'softmax', 'ova'];
const SUPERVISED = 3;
/** Longest n-gram that is taken for one. */
const MOST_GRAM = 64;

const wrong = (path: string, what: string, expected: string, got: string | number): InputError =>
  new InputError({
    problem: `${path} is damaged: ${what} is ${got}, where it must be ${expected}`,
    expected: `${what}: ${expected}`,
    got: String(got),
    where: path,
    fix: 'Fetch the file again.',
  });

/** Errors: ConfigError for a file that does not begin like a model. */
export function checkStart(file: ByteFile): void {
  if (file.size >= 64 && file.read(0, 4, 'magic number').readInt32LE() === MAGIC) return;
  throw new ConfigError({
    expected: 'a fastText model (.bin or .ftz)',
    got: 'a file that does not begin like one',
    where: file.path,
  });
}

/**
 * Reads what a `.bin` or `.ftz` file of fastText says of itself (versions 11 and 12 of the format). Nothing is
 * allocated by a number of the file that its length does not bear out. Errors: ConfigError for a file that is no
 * supervised model of fastText; InputError for a damaged one.
 */
export function readLayout(file: ByteFile): FastTextLayout {
  const { path } = file;
  checkStart(file);
  const cursor = cursorOver(file);
  const int = (what: string): number => cursor.int32(what);
  int('magic number');
  const version = int('version');
  if (version !== 11 && version !== 12)
    throw new ConfigError({ expected: 'version 11 or 12 of the format', got: `version ${version}`, where: path });
  const [dim, , , , , wordNgrams, lossCode, model, bucket, minn, ownMaxn] = Array.from({ length: 11 }, () =>
    int('args'),
  );
  cursor.int32('args');
  cursor.float64('args');
  if (model !== SUPERVISED)
    throw new ConfigError({
      expected: 'a supervised model, which has labels',
      got: 'word vectors',
      where: path,
    });
  // Older supervised models had no subwords, whatever they say.
  const maxn = version === 11 ? 0 : ownMaxn;
  const loss = LOSSES[lossCode];
  if (!loss) throw wrong(path, 'the loss', 'one of 1 to 4', lossCode);
  if (dim < 1 || dim > 65_536) throw wrong(path, 'the number of dimensions', '1 to 65536', dim);
  if (maxn > MOST_GRAM || wordNgrams > MOST_GRAM)
    throw wrong(path, 'the length of n-grams', `at most ${MOST_GRAM}`, Math.max(maxn, wordNgrams));
  const hashed = maxn > 0 || wordNgrams > 1;
  if (hashed && bucket < 1) throw wrong(path, 'the number of buckets', 'at least 1', bucket);
  const { words, vocabulary, labels, labelCounts, prunedBuckets } = readDictionary(cursor, file);
  const prunedAt = cursor.at();
  if (prunedBuckets > 0) cursor.skip(prunedBuckets * 8);
  const quantized = cursor.byte('input matrix') !== 0;
  if (!quantized && prunedBuckets >= 0) throw wrong(path, 'a pruned model', 'quantised', 'not');
  const input = readMatrix(cursor, file, quantized, 'input matrix');
  const quantizedOutput = cursor.byte('output matrix') !== 0 && quantized;
  const output = readMatrix(cursor, file, quantizedOutput, 'output matrix');
  const rows = words + (hashed && prunedBuckets < 0 ? bucket : 0);
  if (input.columns !== dim || output.columns !== dim)
    throw wrong(path, 'the width of the matrices', String(dim), `${input.columns} and ${output.columns}`);
  if (input.rows < rows) throw wrong(path, 'the height of the input matrix', `at least ${rows}`, input.rows);
  if (output.rows !== labels.length)
    throw wrong(path, 'the height of the output matrix', `${labels.length}`, output.rows);
  const sizes = {
    dim,
    minn: Math.max(0, minn),
    maxn: Math.max(0, maxn),
    bucket: hashed ? bucket : 0,
    wordNgrams,
    loss,
  };
  return { ...sizes, words, vocabulary, labels, labelCounts, prunedBuckets, prunedAt, input, output };
}

function readDictionary(cursor: Cursor, { path, size: fileSize }: ByteFile) {
  const [size, words, nLabels] = ['dictionary', 'dictionary', 'dictionary'].map((what) => cursor.int32(what));
  cursor.int64('dictionary');
  const prunedBuckets = cursor.int64('dictionary');
  const room = fileSize - cursor.at();
  if (words < 0 || nLabels < 1 || words + nLabels !== size || size * 10 > room)
    throw wrong(path, 'the size of the dictionary', `words and labels that fit ${room} bytes`, `${words} + ${nLabels}`);
  if (prunedBuckets < -1 || prunedBuckets * 8 > room)
    throw wrong(path, 'the number of kept buckets', `-1 to ${Math.floor(room / 8)}`, prunedBuckets);
  const starts = new Uint32Array(size + 1);
  let bytes = new Uint8Array(Math.min(room, size * 16));
  const labels: string[] = [];
  const labelCounts: number[] = [];
  for (let i = 0, at = 0; i < size; i++) {
    const word = cursor.string('dictionary');
    if (at + word.length > bytes.length) {
      const larger = new Uint8Array((at + word.length) * 2);
      larger.set(bytes.subarray(0, at));
      bytes = larger;
    }
    bytes.set(word, at);
    at += word.length;
    starts[i + 1] = at;
    if (i >= words) labels.push(word.toString('utf8'));
    const count = cursor.int64('dictionary');
    const type = cursor.byte('dictionary');
    if (type !== (i < words ? 0 : 1)) throw wrong(path, `the type of entry ${i}`, i < words ? 'word' : 'label', type);
    if (i >= words) labelCounts.push(count);
  }
  return { words, vocabulary: { bytes: bytes.slice(0, starts[size]), starts }, labels, labelCounts, prunedBuckets };
}

function readMatrix(cursor: Cursor, file: ByteFile, quantized: boolean, what: string): MatrixLayout {
  const withNorms = quantized && cursor.byte(what) !== 0;
  const rows = cursor.int64(what);
  const columns = cursor.int64(what);
  const bytes = quantized ? rows : rows * columns * 4;
  if (rows < 1 || columns < 1 || columns > 65_536 || bytes > file.size - cursor.at())
    throw wrong(file.path, `the size of the ${what}`, 'what the file has room for', `${rows} x ${columns}`);
  const codeBytes = quantized ? cursor.int32(what) : 0;
  const at = cursor.at();
  if (!quantized) {
    cursor.skip(bytes);
    return { rows, columns, at, codes: null };
  }
  if (codeBytes < 0 || codeBytes > file.size - at)
    throw wrong(file.path, `the codes of the ${what}`, 'what the file has room for', codeBytes);
  cursor.skip(codeBytes);
  const quantizer = readQuantizer(cursor, file, what);
  if (quantizer.dim !== columns || codeBytes !== rows * quantizer.parts)
    throw wrong(file.path, `the codes of the ${what}`, `${rows} of ${quantizer.parts} bytes`, codeBytes);
  if (!withNorms) return { rows, columns, at, codes: { quantizer, norms: null } };
  const normsAt = cursor.at();
  if (rows > file.size - normsAt)
    throw wrong(file.path, `the norms of the ${what}`, 'what the file has room for', rows);
  cursor.skip(rows);
  const norms = { at: normsAt, quantizer: readQuantizer(cursor, file, what) };
  if (norms.quantizer.dim !== 1) throw wrong(file.path, `the norms of the ${what}`, '1 wide', norms.quantizer.dim);
  return { rows, columns, at, codes: { quantizer, norms } };
}

function readQuantizer(cursor: Cursor, file: ByteFile, what: string): QuantizerLayout {
  const [dim, parts, dsub, lastDsub] = Array.from({ length: 4 }, () => cursor.int32(what));
  const centroidsAt = cursor.at();
  const good = dim > 0 && dsub > 0 && parts === Math.ceil(dim / dsub) && lastDsub === dim - (parts - 1) * dsub;
  if (!good || dim * 1024 > file.size - centroidsAt)
    throw wrong(
      file.path,
      `the quantiser of the ${what}`,
      'parts that make up a row',
      `${parts} of ${dsub} for ${dim}`,
    );
  cursor.skip(dim * 1024);
  return { dim, parts, dsub, lastDsub, centroidsAt };
}
