// Makes test/fixtures/format-1-run: a small run as Sluice wrote them before steps could create documents (ledger format
// 1, counters without `created`). `node scripts/make/format-1-run.mjs <dist of such a version> <folder to write>`
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [dist, target] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'sluice-format-1-'));
const mill = 'The mill stands by the river, and the wheel turns as long as there is water in the channel.';
const documents = [
  { id: 'kept', text: `${mill}\nThe second line of a text that nothing drops.`, metadata: { domain: 'web' } },
  { id: 'cut', text: `${mill}\nToo short\nAnd a last line with words enough.`, metadata: { domain: 'books' } },
  { id: 'copy', text: `${mill}\nThe second line of a text that nothing drops.`, metadata: { domain: 'web' } },
  { id: 'short', text: 'Some words.', metadata: { domain: 'web' } },
];
mkdirSync(join(folder, 'in'));
writeFileSync(
  join(folder, 'in/part-000.jsonl'),
  `${documents.map((d) => `${JSON.stringify(d)}\n`).join('')}{"text": broken}\n`,
);
writeFileSync(
  join(folder, 'recipe.mjs'),
  `import { annotate, c4, dedup, drop, recipe, rule, textStatistics } from 'sluice';
export default recipe({ name: 'before', input: ['in/*.jsonl'], steps: [
  dedup.exact(), c4({ minSentences: 1 }), annotate(textStatistics(), { step: 'scores' }),
  drop('length', [rule('text_chars < 40', { name: 'min_chars' })]),
] });`,
);
execFileSync(process.execPath, [resolve(dist, 'cli.js'), 'run', 'recipe.mjs', '--output', 'run', '--workers', '1'], {
  cwd: folder,
  stdio: 'inherit',
});
// Where the input lay is nobody's business.
const plan = join(folder, 'run/plan.json');
writeFileSync(plan, readFileSync(plan, 'utf8').replaceAll(folder, '/data'));
cpSync(join(folder, 'run'), target, { recursive: true });
rmSync(folder, { recursive: true });
