import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, InputError, SluiceError } from '../../src/errors.ts';
import { annotate } from '../../src/operators/annotate.ts';
import { textStatistics } from '../../src/operators/annotators/index.ts';
import { drop, rule } from '../../src/operators/drop.ts';
import { recipe, withSettings } from '../../src/recipe/recipe.ts';
import { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { type Commit, CommitLog, commitLines } from '../../src/streams/commits/log.ts';
import { readSpill, SpillWriter } from '../../src/streams/flow/spill-file.ts';
import { fixture } from '../streams/formats/read-all.ts';
import { damaged, damages } from './mutations.ts';

const RUNS = 300;

/** What a function returns, or the error that it means to throw; anything else it throws fails the test. */
function meant<T>(f: () => T): T | SluiceError {
  try {
    return f();
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
}

describe('rule()', () => {
  it('reads what it writes, with any spaces', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z][a-z0-9_]{0,30}$/),
        fc.constantFrom('<', '<=', '>', '>=', '==', '!='),
        fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 })),
        fc.constantFrom('', ' ', '  ', '\t'),
        (column, comparison, threshold, space) => {
          const text = `${space}${column}${space}${comparison}${space}${threshold}${space}`;
          const r = meant(() => rule(text, { name: 'x' }));
          // Numbers as JavaScript writes very large ones (1e+21) are not asked for.
          if (r instanceof SluiceError) expect(String(threshold)).toMatch(/e\+/);
          else expect(r).toMatchObject({ column, comparison, threshold: threshold === 0 ? 0 : threshold });
        },
      ),
      { seed: 31, numRuns: RUNS },
    );
  });

  it('refuses anything else by a ConfigError that shows what came', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z_ <>=!0-9.e-]{0,40}$/)), (text) => {
        const r = meant(() => rule(text, { name: 'x' }));
        if (r instanceof SluiceError) {
          expect(r).toBeInstanceOf(ConfigError);
          expect(r.parts.got.length).toBeGreaterThan(0);
        } else expect(Number.isFinite(r.threshold)).toBe(true);
      }),
      { seed: 32, numRuns: RUNS },
    );
  });
});

describe('--set', () => {
  const made = recipe({
    name: 'settings',
    steps: [
      annotate(textStatistics(), { step: 'scores' }),
      drop('quality', [rule('text_chars < 9', { name: 'short' })]),
    ],
  });

  it('sets an option that there is, or refuses by a ConfigError; the recipe itself stays as it was', () => {
    const before = JSON.stringify(made.steps.map((s) => s.descriptor));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc
            .tuple(
              fc.constantFrom('quality', 'scores', '__proto__', 'constructor', 'qualty', ''),
              fc.constantFrom('short', '__proto__', 'constructor', 'toString', 'name', ''),
              fc.oneof(
                fc.string(),
                fc.integer().map(String),
                fc.constantFrom('Infinity', 'NaN', 'null', '{}', '1e999'),
              ),
            )
            .map(([step, option, value]) => `${step}.${option}=${value}`),
        ),
        (setting) => {
          const r = meant(() => withSettings(made, [setting]));
          if (r instanceof SluiceError) expect(r).toBeInstanceOf(ConfigError);
          else {
            expect(setting).toMatch(/^quality\.short=/);
            expect(Number.isFinite(r.steps[1].descriptor.rules[0].threshold)).toBe(true);
          }
        },
      ),
      { seed: 33, numRuns: RUNS },
    );
    expect(JSON.stringify(made.steps.map((s) => s.descriptor))).toBe(before);
    expect(({} as { short?: unknown }).short).toBeUndefined();
  });
});

describe('commit lines', () => {
  it('are those that were written, or refused; damage to the last one takes only that', async () => {
    const path = fixture('commits.jsonl', '');
    const log = new CommitLog(path);
    for (let split = 0; split < 6; split++) {
      const commit = { phase: 'split/0', split, files: [], replaces: [], counters: null } as unknown as Commit;
      await log.append(commit);
    }
    const whole = readFileSync(path);
    const readAll = async (): Promise<Commit[]> => {
      const found: Commit[] = [];
      for await (const { commit } of commitLines(path, { repair: false })) found.push(commit);
      return found;
    };
    const written = await readAll();
    expect(written.map((c) => c.split)).toEqual([0, 1, 2, 3, 4, 5]);
    await fc.assert(
      fc.asyncProperty(damages, async (list) => {
        writeFileSync(path, damaged(whole, Buffer.from('{"split":7}\n'), list));
        const got = await readAll().catch((e: unknown) => e);
        if (got instanceof Error) expect(got).toBeInstanceOf(InputError);
        // Whole lines that stand twice or not at all are for the run to see: each has its split.
        else for (const c of got as Commit[]) expect(written).toContainEqual(c);
      }),
      { seed: 34, numRuns: RUNS },
    );
  });
});

describe('spilled batches', () => {
  it('come back, or are refused: no crash, no endless read', async () => {
    const path = fixture('spill', '');
    const writer = await SpillWriter.open(path);
    const texts = Array.from({ length: 20 }, (_, i) => `Żółć ${i} ${'water '.repeat(i)}`);
    const batch = new DocumentBatch({
      rows: texts.length,
      columns: new Map([['text', utf8Column(texts)]]),
      split: 0,
      sequence: 0,
    });
    await writer.write(batch);
    await writer.write(batch);
    await writer.finish();
    const whole = readFileSync(path);
    const read = async (): Promise<string[]> => {
      const all: string[] = [];
      for await (const b of readSpill(path)) for (let i = 0; i < b.rows; i++) all.push(b.text(i));
      return all;
    };
    expect(await read()).toEqual([...texts, ...texts]);
    await fc.assert(
      fc.asyncProperty(damages, async (list) => {
        writeFileSync(path, damaged(whole, whole, list));
        const got = await read().catch((e: unknown) => e);
        expect(got instanceof Error || Array.isArray(got)).toBe(true);
      }),
      { seed: 35, numRuns: RUNS, timeout: 5000 },
    );
  });
});
