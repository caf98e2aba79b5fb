import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTrainedOn } from '../../../src/models/folders/trained-on.ts';
import { modelFolderInfo } from '../../../src/models/scorers/scoring-model.ts';
import { byteTokenizer } from '../../../src/models/tokenizers/bytes.ts';
import { baseModel } from '../../../src/run/train/base-model.ts';
import { openTrainingFeed } from '../../../src/run/train/plan.ts';
import { storedTexts } from '../../../src/run/train/trained-on.ts';
import { readPool } from '../../../src/training/compare/pool.ts';
import { tokenStore } from '../../helpers/feed.ts';
import { temporaryFolder } from '../../helpers/run.ts';
import { all, recordIn, small } from '../../helpers/training.ts';

describe('what a training was drawn from', () => {
  it('comes with its model, is never measured on by the next one, and is left out by an evaluation', async () => {
    const folder = await temporaryFolder();
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    const input = [await tokenStore(folder)];
    // Every document that is not held out is drawn.
    const recipe = small({ heldOut: { tokens: 600, share: 0.2 } }, { tokens: 200 * 128 });
    await all(recipe, { input, output: first });
    const { trainedOn } = modelFolderInfo(join(first, 'model'));
    expect(trainedOn!.groupBy).toBe('metadata.group');
    const pool = (leftOut?: { has(hash: bigint): boolean }) =>
      readPool([join(folder, 'in')], {
        read: recipe.read,
        groupBy: 'metadata.group',
        seed: 0,
        trainBytes: 0,
        heldOutBytes: 1e6,
        heldOutShare: 1,
        never: new Set(),
        leftOut,
      });
    const list = await readTrainedOn(trainedOn!.list);
    const every = (await pool())!;
    const unseen = (await pool(list))!;
    expect(unseen.leftOut).toBe(list.count);
    expect(list.count + unseen.heldOut.length).toBe(every.documents);
    // What is left are the documents that the training held out, token by token.
    const heldOut = recordIn(first).heldOutTokens;
    for (const [domain, tokens] of Object.entries(heldOut)) {
      const own = unseen.heldOut.filter((d) => d.domain === domain);
      expect(own.reduce((n, { text }) => n + Math.min(text.length, 4 * 32), 0)).toBeCloseTo(tokens, -2);
    }
    const card = readFileSync(join(first, 'model/README.md'), 'utf8');
    expect(card).toContain(`hashes of the ${list.count} texts that the steps were drawn from`);
    expect(card).toMatch(/\| code \| \d\.\d{3} \|/);

    // With another seed others would be held out; only those that the model has not seen may be.
    const next = small({ model: join(first, 'model'), seed: 5, heldOut: { tokens: 600, share: 0.2 } });
    const events = await all(next, { input: [join(folder, 'in')], output: second });
    const { seenBefore } = events.find((e) => e.type === 'start')!;
    expect(seenBefore).toBeGreaterThan(5);
    for (const [domain, tokens] of Object.entries(recordIn(second).heldOutTokens)) {
      expect(tokens).toBeGreaterThan(0);
      expect(tokens).toBeLessThanOrEqual(heldOut[domain]);
    }
    const stores = { fresh: [join(second, 'curated')], old: [] };
    const fed = await openTrainingFeed(next, await baseModel(next), stores, join(folder, 'fed'), null);
    await fed.feed.close();
    const texts = await storedTexts(fed.stores.vocabulary, byteTokenizer);
    const measured = fed.heldOut.map((d) => texts.hash({ ...d, tokens: d.length }));
    texts.close();
    // Documents of no more than what is measured of one, so that these are hashes of whole texts.
    const whole = measured.filter((_, i) => fed.heldOut[i].length < 4 * 32);
    expect(whole.length).toBeGreaterThan(3);
    expect(whole.every((hash) => unseen.heldOut.some((d) => d.textHash === hash))).toBe(true);
    const grown = JSON.parse(readFileSync(join(second, 'model/trained-on.json'), 'utf8'));
    expect(grown).toMatchObject({ format: 1, groupBy: 'metadata.group', ofBase: list.count });
    const both = await readTrainedOn(join(second, 'model/trained-on.bin'));
    expect(list.hashes.every((hash) => both.has(hash))).toBe(true);
    rmSync(join(second, 'model/trained-on.bin'));
    expect(() => modelFolderInfo(join(second, 'model'))).toThrow(/a folder without trained-on\.bin/);
  });
});
