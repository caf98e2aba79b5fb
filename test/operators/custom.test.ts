import { lastValueFrom, of, toArray } from 'rxjs';
import { custom } from 'sluice';
import { describe, expect, it } from 'vitest';
import { batchOf } from '../helpers/batches.ts';

describe('custom()', () => {
  it('drops what the predicate says no to, with the name as rule, and judges its scope alone', async () => {
    const seen: string[] = [];
    const short = custom(
      'short_only',
      3,
      async (d) => {
        seen.push(`${d.id} ${d.domain} ${d.value('words')} ${JSON.stringify(d.metadata)}`);
        return d.text.length < 5;
      },
      { where: { domain: ['web'] } },
    );
    const batch = batchOf(
      [
        { text: 'long enough', domain: 'web' },
        { text: 'tiny', domain: 'web' },
        { text: 'out of scope', domain: 'books' },
      ],
      { annotations: { words: [2, null, 3] } },
    );
    const [out] = await lastValueFrom(of(batch).pipe(short, toArray()));
    expect(seen).toEqual(['d0 web 2 {}', 'd1 web null {}']);
    expect([...out.alive]).toEqual([0, 1, 1]);
    const [verdict] = out.verdicts;
    expect([verdict.step, verdict.rules[0].name, verdict.rules[0].version]).toEqual(['short_only', 'short_only', 3]);
    expect([[...verdict.rule], [...verdict.judged]]).toEqual([
      [0, -1, -1],
      [1, 1, 0],
    ]);
    expect(short.descriptor).toMatchObject({
      step: 'short_only',
      stage: 'custom',
      versions: ['short_only@3'],
      effects: { drops: 'predicate' },
      options: {},
    });
  });

  it('leaves the thread to others between documents that take long', async () => {
    const others: number[] = [];
    const busy = custom('busy', 1, (d) => {
      setImmediate(() => others.push(Number(d.id.slice(1))));
      for (const end = performance.now() + 30; performance.now() < end; );
      return others.length === Number(d.id.slice(1));
    });
    const [out] = await lastValueFrom(of(batchOf(['a', 'b', 'c'])).pipe(busy, toArray()));
    expect(others).toEqual([0, 1, 2]);
    expect([...out.alive]).toEqual([1, 1, 1]);
  });

  it('hands an error of the predicate down the stream', async () => {
    const broken = custom('broken', 1, () => {
      throw new Error('no');
    });
    await expect(lastValueFrom(of(batchOf(['a'])).pipe(broken))).rejects.toThrow('no');
  });

  it('has no options, and nothing is left of it for --annotate-only', () => {
    const step = custom('mine', 1, () => true);
    expect(() => step.set('rate', 1)).toThrow('--set mine.rate: expected no option: step mine has none, got rate.');
    expect(step.annotateOnly()).toBeNull();
  });
});
