import { join } from 'node:path';
import { firstValueFrom, from, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { bloom } from '../../../src/operators/dedup/bloom.ts';
import { barrier as bloomBarrier } from '../../../src/operators/dedup/bloom-stage.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { type BarrierDecision, BarrierWriter } from '../../../src/streams/flow/barrier.ts';
import { batchOf, type TestDocument } from '../../helpers/batches.ts';
import { temporaryFolder } from '../../helpers/run.ts';

type Options = NonNullable<Parameters<typeof bloom>[0]>;

/** Both passes over splits of batches. */
async function decisions(options: Options, splits: readonly (readonly DocumentBatch[])[]): Promise<BarrierDecision[]> {
  const folder = await temporaryFolder();
  const barrier = bloomBarrier(bloom({ expectedKeys: 1000, ...options }).descriptor, await loadKernel());
  const files = splits.map((_, split) => ({
    split,
    spill: join(folder, `d${split}`),
    keys: join(folder, `k${split}`),
  }));
  for (const [split, batches] of splits.entries()) {
    const writer = await BarrierWriter.open(barrier, files[split].spill, files[split].keys);
    for (const batch of batches) await writer.write(batch);
    await writer.finish();
  }
  const out: BarrierDecision[] = [];
  for await (const d of barrier.decide(files, 1e8)) out.push(d);
  return out;
}

const keep = (all: readonly BarrierDecision[]): number[][] => all.map((d) => [...d.keep]);
const texts = (list: readonly (string | TestDocument)[]): DocumentBatch => batchOf(list);

const PARAGRAPHS = [
  'A first paragraph that is long enough.\n\nshort\nAnother paragraph, also long enough.',
  'Something new in this one here.\n  A first paragraph that is long enough.  \nshort\n',
  '\nA first paragraph that is long enough.\n\nAnother paragraph, also long enough.\n',
];

describe('dedup.bloom()', () => {
  it('keeps the first of equal texts, over batches and splits', async () => {
    const all = await decisions({}, [[texts(['a', 'b', 'a']), texts(['b', ''])], [texts(['c', 'b', ''])]]);
    expect(keep(all)).toEqual([
      [1, 1, 0, 0, 1],
      [1, 0, 0],
    ]);
    expect(all[1].duplicateOf).toEqual([null, null, null]);
  });

  it('leaves other domains alone', async () => {
    const batch = texts(['a', 'a', 'a'].map((text, i) => ({ text, domain: i === 1 ? 'code' : 'web' })));
    expect(keep(await decisions({ where: { domain: ['web'] } }, [[batch]]))).toEqual([[1, 1, 0]]);
  });

  it('compares addresses; a document without one passes', async () => {
    const urls = ['http://a.org', 'https://www.a.org/', null, null, 'http://b.org'];
    const metadata = utf8Column(urls.map((url) => JSON.stringify(url === null ? {} : { url })));
    const batch = texts(['1', '2', '3', '4', '5']).withColumns([['metadata', metadata]]);
    expect(keep(await decisions({ key: 'url' }, [[batch]]))).toEqual([[1, 0, 1, 1, 1]]);
  });

  it('cuts paragraphs that were seen, with their line end; drops a text of nothing else', async () => {
    const [d] = await decisions({ key: 'paragraphs' }, [[texts(PARAGRAPHS.slice(0, 2)), texts(PARAGRAPHS.slice(2))]]);
    expect([...d.keep]).toEqual([1, 1, 0]);
    expect([...d.cuts!.offsets]).toEqual([0, 0, 1, 1]);
    const cut = PARAGRAPHS[1].slice(d.cuts!.start[0], d.cuts!.end[0]);
    expect(cut).toBe('  A first paragraph that is long enough.  \n');
    expect(d.value?.[2]).toBe(1);
  });

  it('does in a plain pipe what it does in a run', async () => {
    const batches = [texts(PARAGRAPHS.slice(0, 2)), texts(PARAGRAPHS.slice(2))];
    const step = bloom({ key: 'paragraphs', expectedKeys: 1000 });
    const out = await firstValueFrom(from(batches).pipe(step, toArray()));
    expect(out.map((b) => [...b.alive])).toEqual([[1, 1], [0]]);
    expect(out[0].text(1)).toBe('Something new in this one here.\nshort\n');
    expect([...out[0].cuts!.start]).toEqual([32]);
  });

  it('says when there are more keys than it is made for', async () => {
    const many = texts(Array.from({ length: 11 }, (_, i) => `text ${i}`));
    await expect(decisions({ expectedKeys: 10 }, [[many]])).rejects.toThrow(/at most 10 different keys/);
    expect(() => bloom({ expectedKeys: 1e10 })).toThrow(/at most 2 GiB/);
    expect(() => bloom({ expectedKey: 5 } as Options)).toThrow(/Did you mean expectedKeys/);
  });
});
