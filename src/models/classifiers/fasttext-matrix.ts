import { InputError } from '../../errors.ts';
import type { FastTextMemory } from '../../kernels/fasttext.ts';
import type { ByteFile } from './byte-file.ts';
import type { FastTextLayout, MatrixLayout, QuantizerLayout } from './fasttext-layout.ts';

/** Rows that are read at once. */
const PART_BYTES = 1 << 24;

/**
 * Reads the matrices of a model into memory. Quantised rows are unpacked, each number once multiplied by the norm of
 * its row, as the library does whenever it adds one; the norms of a quantised output are factors of the products.
 * Errors: InputError for a file that is too short, or has numbers that are none.
 */
export function fillMatrices(file: ByteFile, layout: FastTextLayout, memory: FastTextMemory): void {
  const { input, output, dim } = layout;
  if (input.codes === null && memory.stride === dim) file.into(memory.input, input.at, 'input matrix');
  else
    eachRow(file, input, 'input matrix', (row, values, factor) => {
      const at = row * memory.stride;
      for (let j = 0; j < dim; j++) memory.input[at + j] = factor === 1 ? values[j] : factor * values[j];
      memory.input.fill(0, at + dim, at + memory.stride);
    });
  eachRow(file, output, 'output matrix', (row, values, factor) => {
    memory.norms[row] = factor;
    for (let j = 0; j < dim; j++) memory.output[j * memory.wide + row] = values[j];
  });
  if (!memory.output.every(Number.isFinite))
    throw new InputError({
      problem: `${file.path} has numbers in its output matrix that are none`,
      expected: 'finite numbers',
      got: 'NaN or infinity',
      where: file.path,
      fix: 'Fetch the file again.',
    });
  fillKept(file, layout, memory);
}

/** Hands out every row: its numbers, and the factor that its norm is; a view that dies at the next row. */
function eachRow(
  file: ByteFile,
  { rows, columns, at, codes }: MatrixLayout,
  what: string,
  use: (row: number, values: Float32Array, factor: number) => void,
): void {
  const rowBytes = codes === null ? columns * 4 : codes.quantizer.parts;
  const part = Math.max(1, Math.floor(PART_BYTES / rowBytes));
  const unpack = codes && unpacker(file, codes.quantizer, what);
  const factors = codes?.norms ? centroids(file, codes.norms.quantizer, what) : null;
  const normCodes = codes?.norms ? file.read(codes.norms.at, rows, what) : null;
  const unpacked = new Float32Array(columns);
  for (let from = 0; from < rows; from += part) {
    const count = Math.min(part, rows - from);
    const bytes = file.read(at + from * rowBytes, count * rowBytes, what);
    const aligned = codes
      ? null
      : new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    for (let i = 0; i < count; i++) {
      const factor = factors && normCodes ? factors[normCodes[from + i]] : 1;
      if (aligned) use(from + i, aligned.subarray(i * columns, (i + 1) * columns), factor);
      else use(from + i, unpack!(bytes, i * rowBytes, unpacked), factor);
    }
  }
}

const centroids = (file: ByteFile, { dim, centroidsAt }: QuantizerLayout, what: string): Float32Array => {
  const values = new Float32Array(dim * 256);
  file.into(values, centroidsAt, what);
  return values;
};

function unpacker(file: ByteFile, quantizer: QuantizerLayout, what: string) {
  const { parts, dsub, lastDsub } = quantizer;
  const values = centroids(file, quantizer, what);
  return (codes: Uint8Array, at: number, out: Float32Array): Float32Array => {
    for (let m = 0; m < parts; m++) {
      const width = m === parts - 1 ? lastDsub : dsub;
      const from = m * 256 * dsub + codes[at + m] * width;
      for (let n = 0; n < width; n++) out[m * dsub + n] = values[from + n];
    }
    return out;
  };
}

/** Which row each kept bucket of a pruned model has. */
function fillKept(
  file: ByteFile,
  { prunedBuckets, prunedAt, input, words, bucket }: FastTextLayout,
  m: FastTextMemory,
) {
  if (prunedBuckets <= 0 || m.kept.length === 0) return;
  const pairs = new Int32Array(prunedBuckets * 2);
  file.into(pairs, prunedAt, 'kept buckets');
  for (let i = 0; i < prunedBuckets; i++) {
    const [from, row] = [pairs[2 * i], pairs[2 * i + 1]];
    if (from < 0 || from >= bucket || row < 0 || words + row >= input.rows)
      throw new InputError({
        problem: `${file.path} is damaged: it has bucket ${from} in row ${row}`,
        expected: `buckets below ${bucket} in rows below ${input.rows - words}`,
        got: `bucket ${from} in row ${row}`,
        where: file.path,
        fix: 'Fetch the file again.',
      });
    m.kept[from] = row;
  }
}
