import { join } from 'node:path';
import { lastValueFrom, of, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { makeStage } from '../../../src/operators/stages.ts';
import { type TokenizeOptions, tokenize } from '../../../src/operators/tokenize/tokenize.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { numberAt } from '../../../src/streams/batch/columns.ts';
import { tokenIdsOf } from '../../../src/streams/batch/token-ids.ts';
import type { Operator } from '../../../src/streams/operator.ts';
import { batchOf } from '../../helpers/batches.ts';
import { tokenFixture, writeTokenizer } from '../../helpers/tokenizers.ts';
import { temporaryFolder } from '../../models/ngram/folders.ts';

const { texts, ways } = tokenFixture;
const file = async (name: string, way = 'gpt2'): Promise<string> =>
  writeTokenizer(join(await temporaryFolder(), name), way);
const apply = async ({ descriptor }: Operator, batch: DocumentBatch): Promise<DocumentBatch> =>
  (await makeStage(descriptor, await loadKernel())).apply(batch);
const counts = (batch: DocumentBatch): (number | null)[] =>
  Array.from({ length: batch.rows }, (_, row) => numberAt(batch.number('tokens'), row));
const hashOf = ({ descriptor }: Operator): string => descriptor.options.hash as string;

describe('tokenize()', () => {
  it('counts the tokens of each document and leaves their ids with the batch', async () => {
    const step = tokenize({ tokenizer: await file('small.json') });
    const batch = await apply(step, batchOf([...texts]));
    expect(counts(batch)).toEqual(ways.gpt2.ids.map((ids) => ids.length));
    const { ids, offsets } = tokenIdsOf(batch, hashOf(step))!;
    expect(texts.map((_, i) => [...ids.subarray(offsets[i], offsets[i + 1])])).toEqual(ways.gpt2.ids);
    expect(tokenIdsOf(batch, 'another')).toBeNull();
    // A newer text has none; nor has a batch of other rows.
    expect(tokenIdsOf(batch.with({ textVersion: 1 }), hashOf(step))).toBeNull();
    expect(batch.compact().tokenIds).toBeNull();
    expect(batch.byteLength).toBeGreaterThan(batchOf([...texts]).byteLength + ids.byteLength);
  });

  it('counts in its scope; two tokenizers may share a stream by domain', async () => {
    const domains = batchOf([
      { text: 'The wheel', domain: 'web' },
      { text: 'The wheel', domain: 'code' },
      { text: '', domain: 'web' },
    ]);
    const web = tokenize({ tokenizer: 'bytes', step: 'web', where: { domain: ['web'] } });
    const one = await apply(web, domains);
    expect(counts(one)).toEqual([9, null, 0]);
    expect(tokenIdsOf(one, 'bytes@1')).toBeNull();
    const rest = tokenize({ tokenizer: await file('small.json'), where: { domain: ['web'], not: true } });
    const both = await apply(rest, one);
    expect(counts(both)).toEqual([9, both.tokenIds!.ids.length, 0]);
    // Dead documents have no tokens, and nobody asks for theirs.
    const dead = await apply(tokenize({ tokenizer: 'bytes' }), domains.with({ alive: Uint8Array.of(1, 0, 1) }));
    expect(counts(dead)).toEqual([9, null, 0]);
    expect(tokenIdsOf(dead, 'bytes@1')?.ids.length).toBe(9);
  });

  it('adds what the post-processor adds when asked, and says so in its hash', async () => {
    const path = await file('small.json', 'gpt4-whole');
    const [plain, special] = [tokenize({ tokenizer: path }), tokenize({ tokenizer: path, addSpecialTokens: true })];
    expect(counts(await apply(special, batchOf(['', 'a'])))).toEqual([1, 2]);
    expect(counts(await apply(plain, batchOf(['', 'a'])))).toEqual([0, 1]);
    expect(hashOf(special)).toBe(`${hashOf(plain)}+special`);
    expect(special.descriptor.versions).toEqual(['tokenize@1']);
  });

  it('records the tokenizer by its hash: elsewhere it is the same one, changed it is refused', async () => {
    const folder = await temporaryFolder();
    const [a, b] = ['a', 'b'].map((name) => writeTokenizer(join(folder, `${name}.json`), 'gpt2'));
    const [first, second] = [a, b].map((tokenizer) => tokenize({ tokenizer }));
    expect(hashOf(first)).toBe(hashOf(second));
    expect(first.descriptor.places).toEqual(['tokenizer']);
    expect(first.descriptor.options.name).toBe('a.json');
    expect(hashOf(first.set('tokenizer', 'bytes'))).toBe('bytes@1');
    expect(tokenize({ tokenizer: 'bytes' }).descriptor.places).toBeUndefined();
    writeTokenizer(a, 'qwen2');
    await expect(apply(first, batchOf(['x']))).rejects.toThrow(/expected the tokenizer with hash .*--fresh/);
    expect(() => tokenize({ tokenizer: join(folder, 'none.json') })).toThrow(
      'expected a tokenizer.json of Hugging Face',
    );
    expect(() => tokenize({} as TokenizeOptions)).toThrow('tokenizer');
  });

  it('is an operator of a plain pipe; the ids come across the thread', async () => {
    const step = tokenize({ tokenizer: await file('small.json') });
    const [batch] = await lastValueFrom(of(batchOf([...texts])).pipe(step, toArray()));
    expect(counts(batch)).toEqual(ways.gpt2.ids.map((ids) => ids.length));
    expect([...tokenIdsOf(batch, hashOf(step))!.ids]).toEqual(ways.gpt2.ids.flat());
  });
});
