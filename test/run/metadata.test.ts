import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dedup, recipe } from 'sluice';
import { describe, expect, it } from 'vitest';
import { makeCard } from '../../src/ledger/card/make-card.ts';
import { openRunDatabase, rowsOf } from '../../src/ledger/database.ts';
import { openRunFolder } from '../../src/ledger/run-folder.ts';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';

describe('ledger: { metadata }', () => {
  it('puts fields of the metadata into the ledger, of dropped documents too, and into the card', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'in'));
    const documents = [
      { id: 'a', text: 'One text.', metadata: { license: 'MIT', source: { date: 2021 } } },
      { id: 'b', text: 'One text.', metadata: { license: 'CC0', 'source.date': '2019-05' } },
      { id: 'c', text: 'Another text.', metadata: { license: null, source: { date: { from: 1 } } } },
      { id: 'd', text: 'A third text.' },
    ];
    await writeFile(join(folder, 'in/a.jsonl'), documents.map((d) => `${JSON.stringify(d)}\n`).join(''));
    const made = recipe({ name: 'x', steps: [dedup.exact()], ledger: { metadata: ['license', 'source.date'] } });
    await runToEnd(made, { input: [join(folder, 'in')], output: join(folder, 'out'), workers: 1 });
    const opened = await openRunFolder(join(folder, 'out'));
    const db = await openRunDatabase(opened);
    try {
      const sql = 'SELECT id, outcome, metadata_license AS l, metadata_source_date AS d FROM ledger ORDER BY id';
      expect(await rowsOf(db, sql)).toEqual([
        { id: 'a', outcome: 'kept', l: 'MIT', d: '2021' },
        { id: 'b', outcome: 'dropped', l: 'CC0', d: '2019-05' },
        { id: 'c', outcome: 'kept', l: null, d: '{"from":1}' },
        { id: 'd', outcome: 'kept', l: null, d: null },
      ]);
      const card = await makeCard(opened, db, false);
      const licences = card.sections.flatMap((s) => s.fields).find((f) => f.name === 'Licences by source');
      expect(licences?.table?.rows.map((r) => r.slice(1))).toEqual([
        ['(none)', 2],
        ['MIT', 1],
      ]);
    } finally {
      db.close();
    }
  });

  it('refuses what is no name of a field', () => {
    expect(() => recipe({ name: 'x', steps: [], ledger: { metadata: ['a b'] } })).toThrow('names of fields');
    expect(() => recipe({ name: 'x', steps: [], ledger: { metadata: ['a.b', 'a_b'] } })).toThrow('metadata_a_b');
  });
});
