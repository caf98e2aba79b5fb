import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { HashList, writeTrainedOn } from '../../../src/models/folders/trained-on.ts';
import { modelFolderInfo } from '../../../src/models/scorers/scoring-model.ts';
import { loadTokenizer } from '../../../src/models/tokenizers/load.ts';
import { temporaryFolder } from '../../helpers/run.ts';

let model: string;
beforeEach(async () => {
  model = join(await temporaryFolder(), 'model');
  await cp(fileURLToPath(new URL('../../fixtures/models/llama', import.meta.url)), model, { recursive: true });
  await writeFile(join(model, 'tokenizer.json'), '{}');
});

describe('the hash of a model folder', () => {
  it('changes with every shard that the index names, whatever its name', async () => {
    const index = join(model, 'model.safetensors.index.json');
    const shard = join(model, 'weights-b.safetensors');
    await rename(join(model, 'model-00002-of-00002.safetensors'), shard);
    const text = await readFile(index, 'utf8');
    await writeFile(index, text.replaceAll('model-00002-of-00002.safetensors', 'weights-b.safetensors'));
    const before = modelFolderInfo(model).hash;
    const bytes = await readFile(shard);
    bytes[bytes.length - 1] ^= 1;
    await writeFile(shard, bytes);
    expect(modelFolderInfo(model).hash).not.toBe(before);
  });

  it('changes with the list of what the model was trained on, and with how that was grouped', async () => {
    const list = join(model, 'trained-on.bin');
    const record = (groupBy: string) =>
      JSON.stringify({ status: 'done', tokenizer: { name: 'byte_pairs', start: 0 }, reference: { groupBy } });
    const hashes: string[] = [];
    const note = () => hashes.push(modelFolderInfo(model).hash);
    await writeFile(join(model, 'sluice.json'), record('text'));
    note();
    await writeTrainedOn(list, new HashList());
    note();
    const one = new HashList();
    one.add(7n);
    await writeTrainedOn(list, one);
    note();
    await writeFile(join(model, 'sluice.json'), record('metadata.group'));
    note();
    expect(new Set(hashes).size).toBe(4);
    // Nothing reads the list of a folder that Sluice did not make.
    await rm(join(model, 'sluice.json'));
    const { hash } = modelFolderInfo(model);
    await rm(list);
    expect(modelFolderInfo(model).hash).toBe(hash);
  });

  it('does not depend on files that decide no score', async () => {
    const before = modelFolderInfo(model).hash;
    await writeFile(join(model, 'consolidated.safetensors'), 'x');
    await writeFile(join(model, 'README.md'), 'x');
    expect(modelFolderInfo(model).hash).toBe(before);
  });
});

describe('a folder that is no model says which file and why', () => {
  it('is a reference model without the list of what it was trained on', async () => {
    const record = { kind: 'reference', status: 'done', tokenizer: { name: 'byte_pairs', start: 0 } };
    await writeFile(join(model, 'sluice.json'), JSON.stringify({ ...record, reference: { groupBy: 'text' } }));
    expect(() => modelFolderInfo(model)).toThrow(
      `${model}: expected the list of what the model was trained on, got a folder without trained-on.bin. Copy the`,
    );
    const list = join(model, 'trained-on.bin');
    await writeTrainedOn(list, new HashList());
    expect(modelFolderInfo(model).trainedOn).toEqual({ groupBy: 'text', list });
  });

  it('has a SentencePiece model: how to convert it is said', async () => {
    await rm(join(model, 'tokenizer.json'));
    const pieces = join(model, 'tokenizer.model');
    await writeFile(pieces, 'x');
    expect(() => modelFolderInfo(model)).toThrow(
      `Convert it in Python: AutoTokenizer.from_pretrained('${model}').save_pretrained('${model}') of transformers`,
    );
    for (const source of [model, pieces])
      await expect(loadTokenizer(source)).rejects.toThrow(
        `${pieces}: expected a tokenizer.json of Hugging Face, got a SentencePiece model. Convert it in Python:`,
      );
  });

  it('is a file', async () => {
    const file = join(model, 'config.json');
    expect(() => modelFolderInfo(file)).toThrow(
      `${file}: expected a folder with config.json and model.safetensors, got a file.`,
    );
  });

  it('a shard is missing', async () => {
    await rm(join(model, 'model-00002-of-00002.safetensors'));
    expect(() => modelFolderInfo(model)).toThrow(
      `${model}: expected every file that model.safetensors.index.json names, got a folder without ` +
        'model-00002-of-00002.safetensors. Copy the whole model directory',
    );
  });

  it.each([
    ['config.json', '{', 'expected JSON, got'],
    ['config.json', '[]', 'expected a JSON object, got [].'],
    ['config.json', '{"model_type":"bert"}', 'expected model_type gpt2,'],
    ['sluice.json', '', 'expected JSON, got'],
    ['sluice.json', '{"status":"done"}', 'expected a finished reference model, got status done, tokenizer nothing.'],
    ['sluice.json', '{"name":"other"}', 'expected a finished reference model, got status nothing, tokenizer nothing.'],
  ])('%s is %s', async (file, text, message) => {
    await writeFile(join(model, file), text);
    expect(() => modelFolderInfo(model)).toThrow(`${join(model, file)}: ${message}`);
  });

  it('the start token is the first of several', async () => {
    const path = join(model, 'config.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), bos_token_id: [3, 4] }));
    expect(modelFolderInfo(model).start).toBe(3);
  });
});

describe('the start token', () => {
  const ids = { a: 0, '<|endoftext|>': 1, '<|im_start|>': 2 };
  const settings = async (value: object, endOfText = true): Promise<number | null> => {
    const path = join(model, 'config.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), bos_token_id: 2 }));
    const { '<|endoftext|>': _, ...rest } = ids;
    const vocab = endOfText ? ids : rest;
    await writeFile(join(model, 'tokenizer.json'), JSON.stringify({ model: { type: 'BPE', vocab, merges: [] } }));
    await writeFile(join(model, 'tokenizer_config.json'), JSON.stringify(value));
    return modelFolderInfo(model).start;
  };

  it('is that of config.json, and none where tokenizer_config.json says that none is added', async () => {
    expect(await settings({})).toBe(2);
    expect(await settings({ add_bos_token: true, bos_token: '<s>' })).toBe(2);
    expect(await settings({ add_bos_token: false, bos_token: '<s>' })).toBeNull();
    await expect(settings({ add_bos_token: 'no' })).rejects.toThrow('expected true or false for add_bos_token');
  });

  it('is the end of a document where that of config.json begins a turn', async () => {
    expect(await settings({ bos_token: '<|im_start|>' })).toBe(1);
    expect(await settings({ bos_token: { content: '<|im_start|>', special: true } })).toBe(1);
    expect(await settings({ bos_token: '<|im_start|>' }, false)).toBeNull();
  });
});
