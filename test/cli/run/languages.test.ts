import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/run.ts';

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
  const { stdout: explained } = await runCli(['explain', 'out', '1'], { cwd });
  expect(explained).toContain('does not apply where parts_kind is other_language');
});
