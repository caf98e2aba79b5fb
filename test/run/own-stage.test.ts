import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lastValueFrom, toArray } from 'rxjs';
import { operator, type Recipe, readDocuments, recipe } from 'sluice';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';

const stageOf = (times: number): string => `export const stage = ({ options }) => ({
  apply: (batch) => batch.withColumns([['size', {
    type: 'int32', valid: null,
    values: Int32Array.from({ length: batch.rows }, (_, row) => options.unit * ${times} * batch.text(row).length),
  }]]),
});
`;

async function project(): Promise<{ folder: string; stage: string; made: (name?: string) => Recipe }> {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'in.jsonl'), '{"text":"four"}\n{"text":"sixsix"}\n');
  const stage = join(folder, 'size.mjs');
  writeFileSync(stage, stageOf(1));
  const made = (name = 'stage'): Recipe => {
    const size = operator({
      call: 'size()',
      name: 'size',
      stage: { module: pathToFileURL(stage).href, export: name },
      options: z.strictObject({ unit: z.int().default(1) }),
      versions: ['size@1'],
      effects: { annotates: true },
      describe: () => ({ writes: [{ name: 'size', type: 'int32' }] }),
    });
    return recipe({ name: 'own', steps: [size().set('unit', 10)] });
  };
  return { folder, stage, made };
}

describe("an operator of a user's own", () => {
  it('runs the export of a module in a plain pipe and in run()', async () => {
    const { folder, made } = await project();
    const [batch] = await lastValueFrom(readDocuments(join(folder, 'in.jsonl')).pipe(made().steps[0], toArray()));
    expect([...batch.number('size').values]).toEqual([40, 60]);
    const output = join(folder, 'run');
    await runToEnd(made(), { input: [join(folder, 'in.jsonl')], output, workers: 1 });
    expect(await query(`SELECT size FROM read_parquet('${output}/ledger/*.parquet') ORDER BY size`)).toEqual([
      { size: 40 },
      { size: 60 },
    ]);
  });

  it('is another recipe when its module has changed', async () => {
    const { folder, stage, made } = await project();
    const options = { input: [join(folder, 'in.jsonl')], output: join(folder, 'run'), workers: 1 };
    await runToEnd(made(), options);
    const again = await runToEnd(made(), options);
    expect(again.last).toMatchObject({ type: 'finished', already: true });
    writeFileSync(stage, stageOf(2));
    await expect(runToEnd(made(), options)).rejects.toThrow(/a different one: recipe\.modules\.file:.*size\.mjs was/);
  });

  it('says what its module has when the export is not there, and which module there is not', async () => {
    const { folder, made } = await project();
    const options = { input: [join(folder, 'in.jsonl')], output: join(folder, 'run'), workers: 1 };
    await expect(runToEnd(made('stag'), options)).rejects.toThrow(/expected an export stag, .*got only stage/);
    const gone = { ...made().steps[0].descriptor, stage: { module: 'file:///no/such.mjs', export: 'stage' } };
    const step = Object.assign(() => {}, made().steps[0], { descriptor: gone });
    const other = { ...made(), steps: [step as never] };
    await expect(runToEnd(other, { ...options, output: join(folder, 'gone') })).rejects.toThrow(
      /expected a module that can be read, got ENOENT/,
    );
  });
});
