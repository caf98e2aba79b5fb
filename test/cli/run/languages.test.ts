import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { otherLanguagesIn } from '../../../src/cli/run/kinds.ts';
import { committedTotals, openRunFolder } from '../../../src/ledger/run-folder.ts';
import { runCli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/run.ts';
import { query } from '../../helpers/tables.ts';

const ENGLISH =
  'The gate of the mill is opened at dawn, when the water has risen in the channel. The miller walks down to the ' +
  'wheel and looks at the boards.\nHe writes the height of the water in a book that hangs by the door.';
const GERMAN =
  'Das Tor der Mühle wird am Morgen geöffnet, wenn das Wasser im Kanal gestiegen ist. Der Müller geht zum Rad und ' +
  'sieht sich die Bretter an.\nEr schreibt die Höhe des Wassers in ein Buch, das neben der Tür hängt.';

const FRENCH =
  'La porte du moulin est ouverte le matin, quand les eaux du canal ont monté. Le meunier descend vers la roue et ' +
  'regarde les planches.\nIl note leur hauteur dans un livre, qui est pendu près de la porte.';

it('quickstart lets other languages pass and says how many they were', async () => {
  const cwd = await temporaryFolder();
  const documents = [ENGLISH, GERMAN, FRENCH, 'Click here', 'Log in'];
  await writeFile(join(cwd, 'in.jsonl'), documents.map((text, id) => `${JSON.stringify({ id, text })}\n`).join(''));
  const { code, stdout } = await runCli(['run', 'quickstart', '--input', 'in.jsonl', '--output', 'out'], { cwd });
  expect(code).toBe(0);
  expect(stdout.replace(/\s+/g, ' ')).toContain(
    'language The rules are for English: 2 documents (40.0 % of those looked at) seem to be in other languages and ' +
      'passed them unjudged; 2 were kept.',
  );
  const folder = await openRunFolder(join(cwd, 'out'));
  const counted = { documents: 5, told: 5, found: 2, kept: 2 };
  expect(committedTotals(folder).otherLanguages).toEqual(counted);
  expect(await otherLanguagesIn(folder)).toEqual(counted);
  const { stdout: explained } = await runCli(['explain', 'out', '1'], { cwd });
  expect(explained).toContain('does not apply where parts_kind is other_language');
});

it('the recipe of German in docs/recipes.md runs as printed', async () => {
  const cwd = await temporaryFolder();
  const root = new URL('../../..', import.meta.url).pathname;
  const page = await readFile(join(root, 'docs/recipes.md'), 'utf8');
  await writeFile(join(cwd, 'german.mjs'), /```js german\.mjs\n([\s\S]*?)```/.exec(page)![1]);
  await symlink(join(root, 'node_modules'), join(cwd, 'node_modules'));
  const documents = [ENGLISH, GERMAN, FRENCH];
  await writeFile(join(cwd, 'in.jsonl'), documents.map((text, id) => `${JSON.stringify({ id, text })}\n`).join(''));
  const { code, stderr } = await runCli(['run', './german.mjs', '--input', 'in.jsonl', '--output', 'out'], { cwd });
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  const rows = await query(`SELECT id, step, language FROM '${cwd}/out/ledger/*.parquet' ORDER BY id`);
  expect(rows).toEqual([
    { id: '0', step: 'other_language', language: 'en' },
    { id: '1', step: 'german', language: 'de' },
    { id: '2', step: 'other_language', language: 'fr' },
  ]);
});
