import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { count, percent, size } from '../../../src/cli/terminal/format.ts';
import { runCli } from '../../helpers/cli.ts';
import { spannedDocuments } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

type Row = Readonly<Record<string, string | number | null>>;

const QUERIES = {
  read: 'SELECT count(*) AS documents, sum(text_bytes) AS bytes FROM ledger',
  kept: 'SELECT count(*) AS documents, coalesce(sum(octet_length(encode(text))), 0) AS bytes FROM documents',
  domains:
    'SELECT l.domain, count(*) AS read, sum(l.text_bytes) AS bytes, ' +
    "count(*) FILTER (outcome = 'kept') AS kept, " +
    '(SELECT coalesce(sum(octet_length(encode(text))), 0) FROM documents d WHERE d.domain = l.domain) AS written ' +
    'FROM ledger l GROUP BY ALL ORDER BY l.domain',
  rules: "SELECT step, rule, count(*) AS n FROM ledger WHERE outcome = 'dropped' GROUP BY ALL ORDER BY step, rule",
} as const;

/** Numbers of DuckDB over the files of a run. */
async function ask(cwd: string, query: keyof typeof QUERIES): Promise<Row[]> {
  const { stdout } = await runCli(['sql', 'out', QUERIES[query], '--json'], { cwd });
  return JSON.parse(stdout) as Row[];
}

/** A line of the table of domains without its last two columns, which are estimates and say so. */
const cells = (line: string): string => line.trim().split(/ {2,}/).slice(0, -2).join(' ').replace(/ +/g, ' ');

describe('every number of a run', () => {
  it.each(['quickstart', 'c4', 'dolma', 'fineweb', 'gopher', 'dedup', 'node-modules'])(
    'of %s is that of SQL over what it wrote: summary, README, run.json',
    { timeout: 120_000 },
    async (recipe) => {
      const cwd = await temporaryFolder();
      const documents = spannedDocuments(240);
      await writeFile(join(cwd, 'in.jsonl'), documents.map((d) => `${JSON.stringify(d)}\n`).join(''));
      const from = ['--format', 'jsonl', '--domain-from', 'field:metadata.domain', '--memory', '128MB'];
      const shown = await runCli(['run', recipe, '--input', 'in.jsonl', '--output', 'out', ...from], { cwd });
      expect(shown).toMatchObject({ code: 0 });
      const [[read], [kept], domains, rules] = await Promise.all([
        ask(cwd, 'read'),
        ask(cwd, 'kept'),
        ask(cwd, 'domains'),
        ask(cwd, 'rules'),
      ]);
      const [n, k] = [Number(read.documents), Number(kept.documents)];
      expect(n).toBe(documents.length);
      expect(shown.stdout).toContain(
        `kept ${count(k)} of ${count(n)} documents (${percent(k, n)}), ${size(Number(kept.bytes))} of text`,
      );
      const table = shown.stdout.split('\n').map(cells);
      for (const d of domains) {
        const share = percent(Number(d.kept), Number(d.read));
        const text = `${size(Number(d.bytes))} ${size(Number(d.written))}`;
        expect(table).toContain(`${d.domain} ${count(Number(d.read))} ${count(Number(d.kept))} ${share} ${text}`);
      }
      const megabytes = (bytes: unknown): string => `${(Number(bytes) / 1e6).toFixed(1)} MB`;
      const readme = readFileSync(join(cwd, 'out/README.md'), 'utf8').replaceAll('\\', '');
      expect(readme).toContain(`| kept | ${k} (${megabytes(kept.bytes)}) |`);
      expect(readme).toContain(`| documents read | ${n} (${megabytes(read.bytes)} of text) |`);
      const { totals } = JSON.parse(readFileSync(join(cwd, 'out/run.json'), 'utf8')) as {
        totals: {
          read: { documents: number; bytes: number };
          kept: { documents: number; bytes: number };
          cutBytes: number;
          addedBytes: number;
          steps: Readonly<Record<string, Readonly<Record<string, { dropped: number }>>>>;
        };
      };
      expect(totals.read).toMatchObject({ documents: n, bytes: Number(read.bytes) });
      expect(totals.kept.documents).toBe(k);
      expect(totals.kept.bytes - totals.cutBytes + totals.addedBytes).toBe(Number(kept.bytes));
      const dropped = Object.entries(totals.steps)
        .flatMap(([step, byRule]) => Object.entries(byRule).map(([rule, r]) => ({ step, rule, n: r.dropped })))
        .filter((r) => r.n > 0);
      const sorted = (rows: readonly Row[]): string[] => rows.map((r) => `${r.step} ${r.rule} ${r.n}`).sort();
      expect(sorted(dropped)).toEqual(sorted(rules));
    },
  );
});
