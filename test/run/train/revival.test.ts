import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../helpers/run.ts';
import { all, recordIn, small, weights } from '../../helpers/training.ts';

describe('revival steps of a training', () => {
  it('say how soon a forgotten domain comes back, at its end or later, and leave the model as it is', async () => {
    const folder = await temporaryFolder();
    const first = join(folder, 'first');
    const written = (domain: string, text: (i: number) => string): string => {
      mkdirSync(join(folder, domain, domain), { recursive: true });
      const lines = Array.from({ length: 60 }, (_, i) => JSON.stringify({ id: `${i}`, text: text(i) }));
      writeFileSync(join(folder, domain, domain, 'x.jsonl'), lines.join('\n'));
      return join(folder, domain);
    };
    const plain = written('plain', (i) => `the river ${i} runs under the bridge. `.repeat(3));
    const strange = written('strange', (i) => `QXZ${i}`.repeat(20));
    await all(small({}, { tokens: 60 * 128 }), { input: [plain], output: first });
    const options = { input: [strange], replay: [plain] };
    const recipe = (most: number) =>
      small({ model: join(first, 'model'), replay: { share: 0.01 }, revival: { most, every: 2 } }, { tokens: 1024 });
    const output = join(folder, 'at-once');
    const events = await all(recipe(40), { ...options, output });
    const { revival, measurements } = recordIn(output);
    const { steps } = revival!;
    expect(events.flatMap((e) => (e.type === 'revived' ? [[e.domain, e.steps]] : []))).toEqual(Object.entries(steps));
    expect(Object.keys(steps)).toEqual(['old/plain', 'strange']);
    const forgotten = Object.keys(steps).filter(
      (d) => measurements.at(-1)!.byDomain[d] > measurements[0].byDomain[d] * 1.01,
    );
    expect(forgotten.length).toBeGreaterThan(0);
    for (const domain of Object.keys(steps)) expect(steps[domain]! > 0, domain).toBe(forgotten.includes(domain));
    const most = Math.max(...forgotten.map((d) => steps[d]!));
    const report = readFileSync(join(output, 'report.md'), 'utf8');
    expect(report).toContain('| change | revival steps |');
    expect(report).toMatch(new RegExp(String.raw`\| ${forgotten[0]} \|.* \+\d\.\d{3} \| ${steps[forgotten[0]]} \|`));
    expect(readFileSync(join(output, 'forgetting.svg'), 'utf8')).toContain(
      `${forgotten[0]}, back in ${steps[forgotten[0]]}`,
    );
    const { domains } = JSON.parse(readFileSync(join(output, 'forgetting.json'), 'utf8'));
    expect(domains.map((d: { revivalSteps?: number }) => d.revivalSteps)).toEqual([...Object.values(steps), undefined]);
    // Asked for after the end, with fewer steps than the slowest one needs: that one is not back.
    const later = join(folder, 'later');
    await all(recipe(0), { ...options, output: later });
    expect(recordIn(later).revival).toBe(undefined);
    expect((await all(recipe(most - 2), { ...options, output: later })).at(-1)).toMatchObject({ already: true });
    const expected = Object.entries(steps).map(([d, n]) => [d, n! > most - 2 ? null : n]);
    expect(recordIn(later).revival!.steps).toEqual(Object.fromEntries(expected));
    expect(weights(later).equals(weights(output))).toBe(true);
  });
});
