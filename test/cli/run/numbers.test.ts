import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { count, percent, rough, size } from '../../../src/cli/terminal/format.ts';
import { openRunDatabase, rowsOf } from '../../../src/ledger/database.ts';
import { openRunFolder } from '../../../src/ledger/run-folder.ts';
import { runCli } from '../../helpers/cli.ts';
import { spannedDocuments } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

type Row = Readonly<Record<string, string | number | null>>;

const QUERIES = {
  read: 'SELECT count(*) AS documents, sum(text_bytes) AS bytes FROM ledger',
  kept: 'SELECT count(*) AS documents, coalesce(sum(octet_length(encode(text))), 0) AS bytes FROM documents',
  domains:
    'SELECT l.domain, count(*) AS read, sum(l.text_bytes) AS bytes, coalesce(sum(l.tokens), 0) AS tokens, ' +
    "count(*) FILTER (outcome = 'kept') AS kept, coalesce(sum(l.tokens) FILTER (outcome = 'kept'), 0) AS keptTokens, " +
    "coalesce(sum(l.text_bytes) FILTER (outcome = 'kept'), 0) AS keptBytes, " +
    '(SELECT coalesce(sum(octet_length(encode(text))), 0) FROM documents d WHERE d.domain = l.domain) AS written ' +
    'FROM ledger l GROUP BY ALL ORDER BY l.domain',
  rules: "SELECT step, rule, count(*) AS n FROM ledger WHERE outcome = 'dropped' GROUP BY ALL ORDER BY step, rule",
} as const;

/** Numbers of DuckDB over the files of a run. */
async function numbers(path: string): Promise<{ [Q in keyof typeof QUERIES]: Row[] }> {
  const db = await openRunDatabase(await openRunFolder(path));
  try {
    const found: Partial<Record<keyof typeof QUERIES, Row[]>> = {};
    for (const [name, sql] of Object.entries(QUERIES))
      found[name as keyof typeof QUERIES] = (await rowsOf(db, sql)) as Row[];
    return found as { [Q in keyof typeof QUERIES]: Row[] };
  } finally {
    db.close();
  }
}

/** A line of the table of domains. */
const cells = (line: string): string => line.trim().replace(/ +/g, ' ');

/** Tokens of some text as the table shows them: those of the ledger, or a fourth of the bytes where it has none. */
const tokens = (known: unknown, bytes: unknown, share = 1): string =>
  rough(Number(known) > 0 ? Number(known) * share : (Number(bytes) / 4) * share);

describe('every number of a run', () => {
  it.each(['quickstart', 'c4', 'dolma', 'fineweb', 'gopher', 'dedup', 'node-modules'])(
    'of %s is that of SQL over what it wrote: summary, README, run.json, status, inspect; the plan is near',
    { timeout: 120_000 },
    async (recipe) => {
      const cwd = await temporaryFolder();
      // Every fifth is a page of HTML: recipes for crawls put its main content in its place.
      const documents = spannedDocuments(240).map((d, i) =>
        i % 5 === 0 ? { ...d, text: `<html><body><nav>Home</nav><p>${d.text}</p></body></html>` } : d,
      );
      await writeFile(join(cwd, 'in.jsonl'), documents.map((d) => `${JSON.stringify(d)}\n`).join(''));
      const from = ['--format', 'jsonl', '--domain-from', 'field:metadata.domain', '--memory', '128MB'];
      const shown = await runCli(['run', recipe, '--input', 'in.jsonl', '--output', 'out', ...from], { cwd });
      expect(shown).toMatchObject({ code: 0 });
      const { domains, rules, ...found } = await numbers(join(cwd, 'out'));
      const [[read], [kept]] = [found.read, found.kept];
      const [n, k] = [Number(read.documents), Number(kept.documents)];
      expect(n).toBe(documents.length);
      expect(shown.stdout).toContain(
        `kept ${count(k)} of ${count(n)} documents (${percent(k, n)}), ${size(Number(kept.bytes))} of text`,
      );
      const table = shown.stdout.split('\n').map(cells);
      for (const d of domains) {
        const share = percent(Number(d.kept), Number(d.read));
        const text = `${size(Number(d.bytes))} ${size(Number(d.written))}`;
        const written = Number(d.keptBytes) > 0 ? Number(d.written) / Number(d.keptBytes) : 0;
        const of = `${tokens(d.tokens, d.bytes)} ${tokens(d.keptTokens, d.keptBytes, written)}`;
        expect(table).toContain(`${d.domain} ${count(Number(d.read))} ${count(Number(d.kept))} ${share} ${text} ${of}`);
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
      const put = totals.addedBytes > 0 ? `, ${size(totals.addedBytes)} put in its place` : ';';
      if (totals.cutBytes > 0)
        expect(shown.stdout).toContain(`${size(totals.cutBytes)} of text cut from kept documents${put}`);
      const dropped = Object.entries(totals.steps)
        .flatMap(([step, byRule]) => Object.entries(byRule).map(([rule, r]) => ({ step, rule, n: r.dropped })))
        .filter((r) => r.n > 0);
      const sorted = (rows: readonly Row[]): string[] => rows.map((r) => `${r.step} ${r.rule} ${r.n}`).sort();
      expect(sorted(dropped)).toEqual(sorted(rules));
      const [status, inspect, plan] = await Promise.all([
        runCli(['status', 'out'], { cwd }),
        runCli(['inspect', 'out', '--json'], { cwd }),
        runCli(['plan', recipe, '--input', 'in.jsonl', ...from, '--json'], { cwd }),
      ]);
      expect(status.stdout).toContain(
        `${count(n)} read (${size(Number(read.bytes))}), ${count(k)} kept (${percent(k, n)}), ` +
          `${count(n - k)} dropped, 0 in quarantine`,
      );
      const [top] = rules.sort((a, b) => Number(b.n) - Number(a.n));
      if (top) expect(status.stdout).toContain(`${top.rule} ${count(Number(top.n))}`);
      expect(JSON.parse(inspect.stdout)).toMatchObject({
        rows: k,
        sample: { documents: k, textBytes: Number(kept.bytes) },
      });
      const { estimate } = JSON.parse(plan.stdout) as { estimate: { documents: number; textBytes: number } };
      expect(Math.abs(estimate.documents / n - 1)).toBeLessThan(0.1);
      expect(Math.abs(estimate.textBytes / Number(read.bytes) - 1)).toBeLessThan(0.1);
    },
  );
});
