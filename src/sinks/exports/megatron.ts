import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeFileSystem } from '../../files/file-system.ts';
import type { TokenRows } from '../../streams/tokens/documents.ts';
import { createFile, type ExportFile } from './file.ts';
import { bytesOf, type ExportFormat, idsOf } from './format.ts';

const HEADER = Buffer.from('MMIDIDX\0\0', 'latin1');
/** Codes of uint16 and int32; there is none for uint32, and no id has its highest bit. */
const CODES = { 2: 8, 4: 4 } as const;
/** Documents whose numbers are in memory at once. */
const CHUNK = 1 << 16;

/**
 * `<part>_text_document.bin` and `.idx`, an IndexedDataset with one sequence a document, for `--data-path
 * DIR/train_text_document`. (Source: NVIDIA/Megatron-LM, megatron/core/datasets/indexed_dataset.py, version 1.)
 */
export const megatron: ExportFormat = {
  name: 'megatron',
  about: 'train_text_document.bin and .idx, an IndexedDataset of Megatron-LM (MMIDIDX 1)',
  rows: ['documents'],
  valShare: 0,
  async open({ folder, part, vocabulary }) {
    const name = `${part}_text_document`;
    const lengthsName = `${name}.lengths`;
    let open: { bin: ExportFile; lengths: ExportFile } | null = null;
    let [rows, tokens, empty] = [0, 0, 0];
    return {
      async write(batch) {
        open ??= {
          bin: await createFile(folder, `${name}.bin`),
          lengths: await createFile(folder, lengthsName),
        };
        const ids = idsOf(batch);
        await open.bin.write(bytesOf(ids));
        const lengths = lengthsOf(batch);
        await open.lengths.write(bytesOf(lengths));
        rows += lengths.length;
        empty += batch.domains.length - lengths.length;
        tokens += ids.length;
      },
      async finish() {
        if (open === null) return null;
        await open.bin.finish();
        await open.lengths.finish();
        const width = vocabulary.size > 65_536 ? 4 : 2;
        await writeIndex(folder, `${name}.idx`, lengthsName, rows, width);
        await rm(join(folder, lengthsName));
        return { files: [`${name}.bin`, `${name}.idx`], rows, tokens, empty };
      },
      async abort() {
        await open?.bin.close();
        await open?.lengths.close();
      },
    };
  },
  notes: () => [],
};

/** Tokens of each document that has any. */
function lengthsOf({ offsets, domains }: TokenRows): Int32Array {
  const all = new Int32Array(domains.length);
  let n = 0;
  for (let i = 0; i < domains.length; i++) if (offsets[i + 1] > offsets[i]) all[n++] = offsets[i + 1] - offsets[i];
  return all.subarray(0, n);
}

/** Lengths (int32), byte offsets (int64), and the document that each sequence begins (int64, one more than these). */
async function writeIndex(folder: string, name: string, from: string, rows: number, width: 2 | 4): Promise<void> {
  const head = Buffer.alloc(HEADER.length + 25);
  HEADER.copy(head);
  head.writeBigUInt64LE(1n, 9);
  head.writeUInt8(CODES[width], 17);
  head.writeBigUInt64LE(BigInt(rows), 18);
  head.writeBigUInt64LE(BigInt(rows + 1), 26);
  const index = await createFile(folder, name);
  await index.write(head);
  for await (const lengths of parts(join(folder, from), rows)) await index.write(bytesOf(lengths));
  let at = 0n;
  for await (const lengths of parts(join(folder, from), rows)) {
    const pointers = new BigInt64Array(lengths.length);
    lengths.forEach((length, i) => {
      pointers[i] = at;
      at += BigInt(length * width);
    });
    await index.write(bytesOf(pointers));
  }
  for (let first = 0; first <= rows; first += CHUNK)
    await index.write(
      bytesOf(BigInt64Array.from({ length: Math.min(CHUNK, rows + 1 - first) }, (_, i) => BigInt(first + i))),
    );
  await index.finish();
}

async function* parts(path: string, rows: number): AsyncGenerator<Int32Array> {
  const file = await nodeFileSystem.open(path, 'r');
  try {
    for (let first = 0; first < rows; first += CHUNK) {
      const lengths = new Int32Array(Math.min(CHUNK, rows - first));
      await nodeFileSystem.read(file, bytesOf(lengths), 4 * first);
      yield lengths;
    }
  } finally {
    await nodeFileSystem.close(file);
  }
}
