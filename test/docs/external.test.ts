import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { lastValueFrom, of, toArray } from 'rxjs';
import { external, recipe } from 'sluice';
import { describe, expect, it } from 'vitest';
import { numberAt, stringAt } from '../../src/streams/batch/columns.ts';
import { batchOf } from '../helpers/batches.ts';
import { runCli } from '../helpers/cli.ts';
import { jsonLines } from '../helpers/corpus.ts';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/external.md'), 'utf8');
const python = process.env.SLUICE_PYTHON ?? 'python3';
const hasArrow = spawnSync(python, ['-c', 'import pyarrow']).status === 0;
const hasNumpy = hasArrow && spawnSync(python, ['-c', 'import numpy']).status === 0;
if (!hasArrow) console.warn('skipped: no Python with pyarrow (SLUICE_PYTHON names one)');

/** The files of the page in a folder, with packages as a project has them, and a program called python. */
async function pageFolder(): Promise<string> {
  const folder = await temporaryFolder();
  for (const [, name, text] of page.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm))
    writeFileSync(join(folder, name), text);
  writeFileSync(
    join(folder, 'documents.jsonl'),
    jsonLines([
      { id: 'calm', text: 'The miller opened the gate.' },
      { id: 'long', text: 'Wasserkraftwerksbetreiber Mühlenbetriebsgenossenschaft' },
    ]),
  );
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/python'), `#!/bin/sh\nexec ${JSON.stringify(python)} "$@"\n`, { mode: 0o755 });
  return folder;
}

describe('docs/external.md', () => {
  it('has a filter in JavaScript that runs as it stands', async () => {
    const folder = await pageFolder();
    const { code, stderr } = await runCli(
      ['run', './lengths.mjs', '--input', 'documents.jsonl', '--output', 'out', '--workers', '1'],
      { cwd: folder },
    );
    expect([code, stderr]).toEqual([0, expect.stringMatching(/length: 2 documents in 1 request, /)]);
    expect(await query(`SELECT id, length FROM '${folder}/out/ledger/*.parquet' ORDER BY id`)).toEqual([
      { id: 'calm', length: 27 },
      { id: 'long', length: 54 },
    ]);
  });

  it.runIf(hasArrow)('has a filter in Python that runs as it stands', async () => {
    const folder = await pageFolder();
    const env = { PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}` };
    const args = ['run', './long-words.mjs', '--input', 'documents.jsonl', '--output', 'out', '--workers', '1'];
    const { code, stderr } = await runCli(args, { cwd: folder, env });
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    expect(
      await query(
        `SELECT id, rule, round(mean_word, 1)::DOUBLE AS mean FROM '${folder}/out/ledger/*.parquet' ORDER BY id`,
      ),
    ).toEqual([
      { id: 'calm', rule: null, mean: 4.6 },
      { id: 'long', rule: 'long_words_long_words', mean: 26.5 },
    ]);
  });
});

describe.runIf(hasArrow)('sluice_filter', () => {
  const through = async (code: string, options: Parameters<typeof external>[1], texts: readonly string[]) => {
    const folder = await temporaryFolder();
    const file = join(folder, 'mine.py');
    writeFileSync(file, `from sluice_filter import filter\n${code}`);
    expect(existsSync(file)).toBe(true);
    const [batch] = await lastValueFrom(
      of(batchOf(texts)).pipe(external([python, file], { processes: 1, ...options }), toArray()),
    );
    return batch;
  };

  it('takes every answer of a function of one document; print() does no harm', async () => {
    const code = `
@filter
def judge(d):
    print("judging", d["id"])
    t = d["text"]
    if t == "yes": return True
    if t == "no": return False
    if t == "none": return None
    if t == "why": return "because"
    return [{"text": t.upper(), "n": len(t)}, {"text": "made", "domain": "new"}]
`;
    const batch = await through(code, { columns: { n: 'int64' }, rewrites: true, creates: true }, [
      ...['yes', 'no', 'none', 'why', 'müll'],
    ]);
    const strings = (name: string) => Array.from({ length: batch.rows }, (_, i) => stringAt(batch.utf8(name), i));
    expect(strings('text')).toEqual(['yes', 'no', 'none', 'why', 'MÜLL', 'made']);
    expect([...batch.alive]).toEqual([1, 0, 1, 0, 1, 1]);
    expect(strings('mine_reason')).toEqual([null, null, null, 'because', null, null]);
    expect(strings('domain')[5]).toBe('new');
    expect(numberAt(batch.number('n'), 4)).toBe(4);
  });

  it.runIf(hasNumpy)('takes bools of numpy, also in a dict, and refuses what is no answer', async () => {
    const code = `
import numpy as np
@filter
def judge(d):
    t = d["text"]
    if t == "42": return 42
    return {"keep": np.bool_(t == "yes")} if t in ("yes", "no") else np.bool_(t == "good")
`;
    const batch = await through(code, {}, ['good', 'bad', 'no', 'yes']);
    expect([...batch.alive]).toEqual([1, 0, 0, 1]);
    await expect(through(code, {}, ['42', '42'])).rejects.toThrow('a dict or a list of dicts, got int 42');
  });

  it('names the exception of a document and its place, and goes on with the others', async () => {
    const code = `
import json
def number(d):
    return int(d["text"])
@filter
def judge(d):
    return {"n": number(d)} if d["text"] != "big" else {"n": 2 ** 40}
`;
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'mine.py'), `from sluice_filter import filter\n${code}`);
    writeFileSync(
      join(folder, 'a.jsonl'),
      jsonLines(['7', 'seven', 'big', '8'].map((text, i) => ({ id: `d${i}`, text }))),
    );
    const step = external([python, join(folder, 'mine.py')], { columns: { n: 'int32' } });
    const output = join(folder, 'out');
    const { last } = await runToEnd(recipe({ name: 'r', steps: [step] }), { input: [join(folder, 'a.jsonl')], output });
    expect(last).toMatchObject({ type: 'finished', result: { totals: { kept: { documents: 2 } } } });
    const lines = readFileSync(join(output, 'quarantine/part-00000-of-00001.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((l) => JSON.parse(l).detail)).toEqual([
      "step mine: ValueError: invalid literal for int() with base 10: 'seven' (mine.py:5, in number)",
      'step mine: expected int32 for n, got int 1099511627776',
    ]);
    const filters = readFileSync(join(output, 'events.jsonl'), 'utf8').match(/.*"record":"filter".*/g)!;
    expect(JSON.parse(filters[0])).toMatchObject({ failed: 0, restarts: 0 });
  });

  it('says what an exception of a function of a batch was, and where; and what a script cannot import', async () => {
    const code = `
@filter(batch=True)
def judge(batch):
    if "bad" in batch["text"].to_pylist():
        return {"n": [1 / 0]}
    return {"n": [1] * batch.num_rows}
`;
    const options = { columns: { n: 'int32' }, drops: false } as const;
    const error = await through(code, options, ['fine', 'bad']).catch((e) => e);
    const detail = 'ended with exit code 1; its last words: ZeroDivisionError: division by zero (mine.py:6, in judge)';
    expect(error.documents).toEqual([{ row: 1, detail: expect.stringContaining(detail) }]);
    const short = `\n@filter(batch=True)\ndef judge(batch):\n    return {"n": []}\n`;
    await expect(through(short, options, ['a', 'b', 'c'])).rejects.toThrow(
      'expected 1 values for n, one for each document, got 0',
    );
    const none = `\n@filter(batch=True)\ndef judge(batch):\n    pass\n`;
    await expect(through(none, options, ['a', 'b'])).rejects.toThrow('expected a dict of columns, got NoneType');
    const missing = through('import no_such_words\n', options, ['a', 'b']);
    await expect(missing).rejects.toThrow(/No module named 'no_such_words' \(mine.py:2, in <module>\)/);
    await expect(missing).rejects.toThrow('-m pip install');
  });

  it('takes a function of a record batch, and says which column is not declared', async () => {
    const code = (name: string) => `
import pyarrow.compute as pc
@filter(batch=True)
def judge(batch):
    return {"${name}": pc.utf8_length(batch["text"])}
`;
    const batch = await through(code('n'), { columns: { n: 'float64' }, drops: false }, ['a', 'bcd']);
    expect([0, 1].map((row) => numberAt(batch.number('n'), row))).toEqual([1, 3]);
    const wrong = through(code('m'), { columns: { n: 'float64' }, drops: false }, ['a', 'bcd']);
    await expect(wrong).rejects.toThrow('columns that external() does not declare: m');
  });
});
