import type { TokenArray } from '../../streams/tokens/token-kind.ts';
import { createFile, type ExportFile } from './file.ts';
import { bytesOf, type ExportFormat, idsOf } from './format.ts';
import { metaOf } from './nanogpt.ts';

/** Tokens of a file, as those that llm.c makes itself. */
const SHARD_TOKENS = 100_000_000;
const HEADER_INTS = 256;

/** First numbers of the header: of GPT-2 (uint16), which llm.c reads itself, and of Llama 3 (uint32). */
const VARIANTS = { 2: [20240520, 1], 4: [20240801, 7] } as const;

/**
 * `train_000000.bin`, ... and `val_000000.bin`: 256 int32 (magic, version, tokens), then the ids. (Source:
 * karpathy/llm.c, dev/data/data_common.py, llmc/dataloader.h, and train_llama3.py for uint32.)
 */
export const llmC = (shardTokens = SHARD_TOKENS): ExportFormat => ({
  name: 'llm.c',
  about: 'train_NNNNNN.bin and val_NNNNNN.bin of 100 million tokens, with the header of llm.c',
  rows: ['documents'],
  valShare: 0.01,
  async open({ folder, part }) {
    const files: string[] = [];
    let file: ExportFile | null = null;
    let [inFile, rows, tokens] = [0, 0, 0];
    const close = async (bytesPerId: 2 | 4): Promise<void> => {
      if (file === null) return;
      const header = new Int32Array(HEADER_INTS);
      header.set([...VARIANTS[bytesPerId], inFile]);
      await file.patch(0, bytesOf(header));
      await file.finish();
      file = null;
    };
    let width: 2 | 4 = 2;
    const put = async (ids: TokenArray): Promise<void> => {
      for (let at = 0; at < ids.length; ) {
        if (file === null) {
          file = await createFile(folder, `${part}_${String(files.length).padStart(6, '0')}.bin`);
          files.push(file.name);
          await file.write(new Uint8Array(4 * HEADER_INTS));
          inFile = 0;
        }
        const some = ids.subarray(at, at + shardTokens - inFile);
        await file.write(bytesOf(some));
        at += some.length;
        inFile += some.length;
        if (inFile === shardTokens) await close(width);
      }
    };
    return {
      async write(batch) {
        const ids = idsOf(batch);
        width = ids.BYTES_PER_ELEMENT as 2 | 4;
        await put(ids);
        rows += batch.domains.length;
        tokens += ids.length;
      },
      async finish() {
        await close(width);
        return rows === 0 ? null : { files, rows, tokens, empty: 0 };
      },
      async abort() {
        await file?.close();
      },
    };
  },
  notes: ({ size }) =>
    size > 65_536
      ? ['The header is that of Llama 3 (uint32), which train_llama3.py of llm.c reads; its C code reads uint16 only.']
      : [],
  meta: (facts) => [{ name: 'meta.json', data: `${JSON.stringify(metaOf(facts), null, 2)}\n` }],
});
