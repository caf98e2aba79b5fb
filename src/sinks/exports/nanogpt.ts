import { createFile, type ExportFile } from './file.ts';
import { bytesOf, type ExportFormat, idsOf, type MetaFacts } from './format.ts';

/** Vocabulary for which nanoGPT needs no word: it takes 50,304 ids, a multiple of 64, where there is no meta.pkl. */
const GPT2_IDS = 50_257;

/**
 * `train.bin` and `val.bin`: ids one after the other, nothing else, as `np.memmap` reads them. (Source:
 * karpathy/nanoGPT, data/openwebtext/prepare.py and get_batch of train.py, which has uint16 in its code.)
 */
export const nanogpt: ExportFormat = {
  name: 'nanogpt',
  about: 'train.bin and val.bin of raw uint16 (uint32 above 65,536 ids), meta.json, meta.pkl',
  rows: ['documents'],
  valShare: 0.01,
  async open({ folder, part }) {
    let file: ExportFile | null = null;
    let [rows, tokens] = [0, 0];
    return {
      async write(batch) {
        file ??= await createFile(folder, `${part}.bin`);
        const ids = idsOf(batch);
        await file.write(bytesOf(ids));
        rows += batch.domains.length;
        tokens += ids.length;
      },
      async finish() {
        if (file === null) return null;
        await file.finish();
        return { files: [file.name], rows, tokens, empty: 0 };
      },
      async abort() {
        await file?.close();
      },
    };
  },
  notes: ({ size }) =>
    size > 65_536
      ? [`Ids are uint32: nanoGPT reads uint16 unless np.uint16 in its train.py is changed to np.uint32.`]
      : [],
  meta: (facts) => [
    { name: 'meta.json', data: `${JSON.stringify(metaOf(facts), null, 2)}\n` },
    ...(facts.vocabulary.size === GPT2_IDS ? [] : [{ name: 'meta.pkl', data: pickled(facts.vocabulary.size) }]),
  ],
};

/** What the ids of a raw file are. */
export const metaOf = ({ tokenizer, vocabulary, tokens }: MetaFacts) => ({
  tokenizer,
  tokenizerHash: vocabulary.hash,
  vocabularySize: vocabulary.size,
  endOfText: vocabulary.endOfText,
  dtype: vocabulary.size > 65_536 ? 'uint32' : 'uint16',
  tokens,
});

/** `{'vocab_size': n}` in pickle protocol 2: what train.py of nanoGPT reads of a meta.pkl. */
function pickled(size: number): Uint8Array {
  const number = Buffer.alloc(4);
  number.writeInt32LE(size);
  const name = Buffer.from('vocab_size');
  const [protocol, emptyDict, unicode, int32, setItem, stop] = [0x80, 0x7d, 0x58, 0x4a, 0x73, 0x2e];
  return Buffer.from([
    ...[protocol, 2, emptyDict, unicode, name.length, 0, 0, 0, ...name],
    ...[int32, ...number, setItem, stop],
  ]);
}
