import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { canonicalJson, listHash, xxh64Hex } from '../../../src/hash.ts';
import {
  hasPlan,
  OLD_PLAN_FILE,
  PLAN_FILE,
  type PlanLine,
  planLines,
  plannedFiles,
  writePlan,
} from '../../../src/streams/plan/plan-file.ts';
import type { PlannedFile, SplitPlan } from '../../../src/streams/plan/splits.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const file = (path: string, more: Partial<PlannedFile> = {}): PlannedFile => ({
  path,
  absolutePath: `/data/${path}`,
  format: 'jsonl',
  codec: 'none',
  size: 1234,
  mtimeMs: 1764430000000.5,
  probeHash: '0123456789abcdef',
  ...more,
});

const plan: SplitPlan = {
  version: 1,
  files: [file('a.jsonl'), file('b\u2028"c"\n.jsonl'), file('d/е.parquet', { format: 'parquet', units: 3 })],
  splits: [
    { index: 0, ranges: [{ file: 0, start: 0, end: 1234 }], estimatedTextBytes: 1000 },
    {
      index: 1,
      ranges: [
        { file: 1, start: 0, end: 1234 },
        { file: 2, start: 0, end: 3 },
      ],
      estimatedTextBytes: 2000,
    },
  ],
  skipped: [{ path: 'x.bin', reason: 'binary' }],
  warnings: ['a.jsonl: odd\u2029'],
};

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

const lines: readonly PlanLine[] = [
  ...plan.files.map((f) => ({ file: f })),
  ...plan.splits.map((split) => ({ split })),
  { skipped: plan.skipped[0] },
  { warning: plan.warnings[0] },
];

describe('the plan of a run', () => {
  it('is written line by line, and read as it was', async () => {
    const run = await temporaryFolder();
    expect(hasPlan(run)).toBe(false);
    expect(await all(planLines(run))).toEqual([]);
    await writePlan(run, plan);
    expect(hasPlan(run)).toBe(true);
    expect(await all(planLines(run))).toEqual(lines);
    expect(await all(plannedFiles(run))).toEqual(plan.files);
    const text = readFileSync(join(run, PLAN_FILE), 'utf8');
    expect(text.split('\n').slice(0, 2)).toEqual([
      '{"files":3,"format":2,"skipped":1,"splits":2,"warnings":1}',
      `{"file":${canonicalJson(plan.files[0])}}`,
    ]);
    expect(text.split('\n')).toHaveLength(1 + lines.length + 1);
  });

  it('of an earlier version, one JSON object, is read as well', async () => {
    const run = await temporaryFolder();
    writeFileSync(join(run, OLD_PLAN_FILE), `${canonicalJson(plan)}\n`);
    expect(hasPlan(run)).toBe(true);
    expect(await all(planLines(run))).toEqual(lines);
    expect(await all(plannedFiles(run))).toEqual(plan.files);
  });

  it('that is damaged is refused', async () => {
    const run = await temporaryFolder();
    await writePlan(run, plan);
    const whole = readFileSync(join(run, PLAN_FILE), 'utf8').split('\n');
    const refusal = async (text: string): Promise<InputError> => {
      writeFileSync(join(run, PLAN_FILE), text);
      const error: unknown = await all(planLines(run)).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(InputError);
      return error as InputError;
    };
    expect((await refusal(`${whole.slice(0, 5).join('\n')}\n`)).parts).toMatchObject({
      expected: '7 lines after the first',
      got: '4',
      where: join(run, PLAN_FILE),
    });
    expect((await refusal('')).parts.got).toBe('0');
    expect((await refusal(whole.join('\n').slice(0, -5))).parts.expected).toBe('JSON');
    expect((await refusal('{"format":3}\n')).parts).toMatchObject({ expected: 'a plan of format 2', got: '3' });
    rmSync(join(run, PLAN_FILE));
    writeFileSync(join(run, OLD_PLAN_FILE), '{"files":[');
    await expect(all(planLines(run))).rejects.toThrow(InputError);
  });
});

describe('the hash of a list', () => {
  it.each([[[]], [[1]], [[{ b: 1, a: 'x' }, null, [undefined]]], [plan.files]])(
    'is that of its canonical JSON, whose string it never makes: %j',
    async (list) => {
      expect(await listHash(list)).toBe(await xxh64Hex(canonicalJson(list)));
    },
  );
});
