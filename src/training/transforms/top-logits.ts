import { createHash } from 'node:crypto';
import { ConfigError } from '../../errors.ts';
import type { Tensors } from '../../models/executors/executor.ts';
import { openSafetensors } from '../../models/folders/safetensors.ts';
import { writeSafetensors } from '../../models/folders/write-safetensors.ts';
import type { Tensor } from '../../models/tensor.ts';
import type { Teacher } from './teacher.ts';

/** The k largest logits of every place, largest first. */
export interface TopLogits {
  /** int32 [B, T, k]. */
  readonly ids: Tensor;
  /** float32 [B, T, k]. */
  readonly logits: Tensor;
  /** Probability, at temperature 1, of the tokens that are left out: [B, T]. */
  readonly lost: Tensor;
}

/** @param logits [B, T, vocabulary] */
export function topLogits(logits: Tensor, k: number): TopLogits {
  const [rows, length, vocabulary] = logits.shape;
  const n = rows * length;
  const ids = new Int32Array(n * k);
  const top = new Float32Array(n * k).fill(Number.NEGATIVE_INFINITY);
  const lost = new Float32Array(n);
  for (let at = 0; at < n; at++) {
    const row = logits.data.subarray(at * vocabulary, (at + 1) * vocabulary);
    const [first, last] = [at * k, at * k + k - 1];
    row.forEach((x, id) => {
      if (x <= top[last]) return;
      let place = last;
      for (; place > first && top[place - 1] < x; place--) {
        top[place] = top[place - 1];
        ids[place] = ids[place - 1];
      }
      top[place] = x;
      ids[place] = id;
    });
    let [all, kept] = [0, 0];
    for (const x of row) all += Math.exp(x - top[first]);
    for (let i = first; i <= last; i++) kept += Math.exp(top[i] - top[first]);
    lost[at] = Math.max(0, 1 - kept / all);
  }
  const shape = [rows, length, k];
  return { ids: { shape, data: ids }, logits: { shape, data: top }, lost: { shape: [rows, length], data: lost } };
}

/** Gives the k largest logits of a teacher, and keeps them by what a row holds. */
export interface TopLogitsSource {
  readonly teacher: Teacher;
  readonly k: number;
  of(batch: Tensors): Promise<TopLogits>;
  /** Rows that are kept. */
  readonly size: number;
  /** Writes what is kept into one file, which appears whole. */
  save(path: string): Promise<void>;
}

/**
 * The k largest logits of a teacher. A row that came before is not computed again: one epoch pays for the teacher, the
 * next ones do not. `path`: what an earlier one saved. Errors: ConfigError (k, a file of another teacher or k).
 */
export async function keptTopLogits(teacher: Teacher, k: number, path: string | null = null): Promise<TopLogitsSource> {
  if (!(Number.isInteger(k) && k >= 1 && k <= teacher.vocabulary))
    throw new ConfigError({
      expected: `a whole number of logits from 1 to ${teacher.vocabulary}`,
      got: `${k}`,
      where: `teacher ${teacher.name}`,
    });
  const made = `teacher ${teacher.hash}, tokenizer ${teacher.tokenizer.hash}, ${k} logits`;
  const rows = path === null ? new Map<string, Float32Array>() : await readRows(path, made);
  return {
    teacher,
    k,
    get size() {
      return rows.size;
    },
    async of(batch) {
      const [count, length] = batch.get('tokens')!.shape;
      const keys = Array.from({ length: count }, (_, row) => keyOf(batch, row, length));
      if (keys.some((key) => !rows.has(key))) {
        const top = topLogits(await teacher.logits(batch), k);
        for (const [row, key] of keys.entries()) rows.set(key, packed(top, row));
      }
      return unpacked(
        keys.map((key) => rows.get(key)!),
        length,
        k,
      );
    },
    async save(target) {
      const tensors = new Map([...rows].map(([key, data]) => [key, { shape: [data.length], data }]));
      await writeSafetensors(target, tensors, { metadata: { made } });
    },
  };
}

async function readRows(path: string, made: string): Promise<Map<string, Float32Array>> {
  const file = await openSafetensors(path);
  try {
    if (file.metadata.made !== made)
      throw new ConfigError({ expected: `logits of ${made}`, got: `logits of ${file.metadata.made}`, where: path });
    const rows = new Map<string, Float32Array>();
    for (const key of file.entries.keys()) rows.set(key, (await file.read(key)).data as Float32Array);
    return rows;
  } finally {
    await file.close();
  }
}

/** What a teacher sees of a row decides what it says. */
function keyOf(batch: Tensors, row: number, length: number): string {
  const hash = createHash('sha256');
  for (const feed of ['tokens', 'positions', 'segments']) {
    const part = batch.get(feed)!.data.subarray(row * length, (row + 1) * length);
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
  return hash.digest('hex').slice(0, 32);
}

/** One row as [T, 2k + 1] numbers: ids (exact below 2^24), logits, what is lost. */
function packed({ ids, logits, lost }: TopLogits, row: number): Float32Array {
  const [, length, k] = ids.shape;
  const data = new Float32Array(length * (2 * k + 1));
  for (let i = 0; i < length; i++) {
    const from = (row * length + i) * k;
    data.set(ids.data.subarray(from, from + k), i * (2 * k + 1));
    data.set(logits.data.subarray(from, from + k), i * (2 * k + 1) + k);
    data[i * (2 * k + 1) + 2 * k] = lost.data[row * length + i];
  }
  return data;
}

function unpacked(rows: readonly Float32Array[], length: number, k: number): TopLogits {
  const shape = [rows.length, length, k];
  const ids = new Int32Array(rows.length * length * k);
  const logits = new Float32Array(ids.length);
  const lost = new Float32Array(rows.length * length);
  rows.forEach((data, row) => {
    for (let i = 0; i < length; i++) {
      const [from, to] = [i * (2 * k + 1), (row * length + i) * k];
      ids.set(data.subarray(from, from + k), to);
      logits.set(data.subarray(from + k, from + 2 * k), to);
      lost[row * length + i] = data[from + 2 * k];
    }
  });
  return {
    ids: { shape, data: ids },
    logits: { shape, data: logits },
    lost: { shape: [rows.length, length], data: lost },
  };
}
