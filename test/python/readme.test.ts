import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { annotate, arrow, drop, jsonl, parquet, type Recipe, recipe, rule, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';

const python = process.env.SLUICE_PYTHON ?? 'python3';
const found = spawnSync(python, ['-c', 'import datasets'], { encoding: 'utf8' });
const missing = found.status === 0 ? null : (found.stderr ?? `${found.error}`).trim().split('\n').at(-1);
if (missing !== null) console.warn(`skipped: no Python with datasets (${missing}); SLUICE_PYTHON names another`);

/** Runs the Python of the README of each folder in it, and prints the rows of every table that it opens. */
const SCRIPT = `
import json, os, re, sys
rows = {}
for folder in sys.argv[1:]:
    os.chdir(folder)
    names = {}
    for code in re.findall(r"\`\`\`python\\n(.*?)\`\`\`", open("README.md", encoding="utf8").read(), re.S):
        exec(code, names)
    rows[os.path.basename(folder)] = {k: v.num_rows for k, v in names.items() if hasattr(v, "num_rows")}
print(json.dumps(rows))
`;

describe.skipIf(missing !== null)('the snippet of the README of a run', () => {
  it('opens every table with datasets, whatever the formats of the sinks', { timeout: 120_000 }, async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(30, 5));
    const steps = [annotate(textStatistics()), drop('length', [rule('text_chars < 100')])];
    const sinks: Readonly<Record<string, Recipe['sinks']>> = {
      plain: [parquet()],
      lines: [jsonl(), parquet({ name: 'table' })],
      ipc: [arrow(), jsonl({ name: 'lines' })],
    };
    const expected: Record<string, Record<string, number>> = {};
    for (const [name, of] of Object.entries(sinks)) {
      const output = join(folder, name);
      const made = recipe({ name, steps, sinks: [...of] });
      const { last } = await runToEnd(made, { input: [join(folder, 'in')], output, workers: 1 });
      const kept = last.type === 'finished' ? last.result.totals!.kept.documents : -1;
      // The first sink is called documents, whatever its name.
      const names = of.map((s, i) => (i === 0 ? 'documents' : s.name));
      expected[name] = { ...Object.fromEntries(names.map((n) => [n, kept])), ledger: 30 };
    }
    writeFileSync(join(folder, 'snippets.py'), SCRIPT);
    const folders = Object.keys(sinks).map((name) => join(folder, name));
    const env = { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1', HF_HOME: join(folder, 'cache') };
    const { stdout, stderr } = spawnSync(python, [join(folder, 'snippets.py'), ...folders], { encoding: 'utf8', env });
    expect(stdout, stderr).not.toBe('');
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual(expected);
  });
});
