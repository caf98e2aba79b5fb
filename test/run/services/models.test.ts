import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { saveModel } from '../../../src/models/folders/hugging-face.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { perplexity } from '../../../src/operators/perplexity/perplexity.ts';
import { modelBytes, modelWorkersOf } from '../../../src/run/services/models.ts';
import { temporaryFolder } from '../../helpers/run.ts';
import { THREE_LETTERS } from '../../helpers/tokenizers.ts';

describe('model workers', () => {
  it('are no more than the workers of the run, nor than the memory has room for, but one at least', () => {
    const [GB, each] = [1e9, 3e9];
    expect(modelWorkersOf(1, 64 * GB, each)).toBe(1);
    expect(modelWorkersOf(16, 64 * GB, each)).toBe(16);
    expect(modelWorkersOf(16, 10 * GB, each)).toBe(3);
    expect(modelWorkersOf(16, 1 * GB, each)).toBe(1);
    // Without a model.
    expect(modelWorkersOf(16, 1 * GB, 0)).toBe(16);
  });

  it('hold what the weights take as float32, also where the file has them as float16, and a run', async () => {
    const folder = await temporaryFolder();
    const of = async (dtype: 'F32' | 'F16'): Promise<number> => {
      const path = join(folder, dtype);
      const model = newModel({ vocabulary: 6, width: 16, layers: 1, heads: 2, context: 16 }, 3);
      await saveModel(model, path, { dtype });
      await writeFile(join(path, 'tokenizer.json'), JSON.stringify(THREE_LETTERS));
      return modelBytes([perplexity({ model: path }).descriptor]);
    };
    const parameters = [
      ...newModel({ vocabulary: 6, width: 16, layers: 1, heads: 2, context: 16 }, 3).weights.values(),
    ];
    const weights = 4 * parameters.reduce((n, t) => n + t.data.length, 0);
    // One length of row: the weights, the copies of opening it, its own; and the logits of 1,024 places twice.
    expect(await of('F32')).toBe(weights * 3.5 + 2 * 4 * 1024 * 6);
    expect(await of('F16')).toBe(await of('F32'));
    expect(await modelBytes([])).toBe(0);
  });
});
