import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { stringAt } from '../../../src/streams/batch/columns.ts';
import { kindOf } from '../../../src/streams/formats/kinds.ts';
import { readSplit } from '../../../src/streams/formats/read-split.ts';
import { readOptions } from '../../../src/streams/inputs/read-options.ts';
import { planSplits } from '../../../src/streams/plan/plan.ts';
import { temporaryFolder } from '../../helpers/run.ts';

describe('kindOf()', () => {
  it.each([
    ['docs/guide.MD', 'prose'],
    ['LICENSE-APACHE', 'prose'],
    ['pkg/LICENSE_MIT', 'prose'],
    ['readme', 'prose'],
    ['src/a.test.ts', 'code'],
    ['Makefile', 'code'],
    ['x.csv.gz', 'table'],
    ['package.json', 'table'],
    ['dist/a.js.map', 'table'],
    ['bin/tool', 'other'],
    ['licensee', 'other'],
  ])('%s is %s', (path, kind) => {
    expect(kindOf(path)).toBe(kind);
  });
});

describe('a folder of texts by kind', () => {
  it('passes over binaries and knows a script by its first line', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin/tool'), '#!/usr/bin/env node\nrun();\n');
    await writeFile(join(folder, 'bin/note'), 'plain words\n');
    await writeFile(join(folder, 'bin/program'), Buffer.of(0x7f, 0x45, 0x4c, 0x46, 0, 0, 0));
    const options = readOptions.parse({ format: 'text', domainFrom: 'kind' });
    const plan = await planSplits([folder], options);
    expect(plan.skipped).toEqual([{ path: 'bin/program', reason: 'binary' }]);
    const found: string[] = [];
    const context = { kernel: await loadKernel(), onQuarantine: () => expect.unreachable() };
    for await (const batch of readSplit(plan.splits[0], plan, options, context)) {
      for (let i = 0; i < batch.rows; i++)
        found.push(`${stringAt(batch.utf8('id'), i)} ${stringAt(batch.utf8('domain'), i)}`);
    }
    expect(found).toEqual(['bin/note other', 'bin/tool code']);
    const named = await planSplits([join(folder, 'bin/program')], options);
    expect(named.files.length).toBe(1);
  });
});
