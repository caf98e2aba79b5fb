import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { custom, recipe, run, runStats } from 'sluice';
import { describe, expect, it } from 'vitest';
import { jsonLines } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const STEPS = ['first', 'second', 'third'];

/** A step that keeps all, after so much work on each document. */
const step = (name: string, rounds: number) =>
  custom(name, 1, async (d) => {
    let hash = d.text;
    for (let i = 0; i < rounds; i++) hash = createHash('sha256').update(hash).digest('hex');
    return hash.length > 0;
  });

describe('the bottleneck', () => {
  it.each(STEPS)('is named while the run goes on: %s', async (slow) => {
    const folder = await temporaryFolder();
    const docs = Array.from({ length: 4000 }, (_, i) => ({
      id: `${i}`,
      text: `A document, number ${i}, of no matter.`,
    }));
    const input = join(folder, 'in.jsonl');
    await writeFile(input, jsonLines(docs));
    const steps = STEPS.map((name) => step(name, name === slow ? 200 : 1));
    const made = recipe({ name: 'slow', splitBytes: 32_768, steps });
    const states = await lastValueFrom(
      run(made, { input: [input], output: join(folder, 'out'), workers: 1 }).pipe(runStats(), toArray()),
    );
    const named = states.filter((s) => s.run.status === 'running').map((s) => s.bottleneck?.place);
    expect(named).toContain(slow);
    const { bottleneck, places } = states.at(-1)!;
    expect(bottleneck).toMatchObject({ place: slow, sentence: expect.stringContaining(`Step ${slow} takes `) });
    // What stands before it is held back by it, what stands after it waits for it.
    const shares = new Map(places.map((p) => [p.place, p.shares]));
    expect(shares.get('read')!.heldBack).toBeGreaterThan(0.4);
    expect(shares.get('write')!.waiting).toBeGreaterThan(0.4);
  });
});
