import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const RECIPE = `import { drop, recipe, rule } from 'sluice';
export default recipe({
  name: 'scored',
  columns: { edu_score: 'float64', votes: 'int32', language: 'utf8' },
  steps: [drop('quality', [rule('edu_score < 2.5')], { where: { column: 'language', is: ['en'] } })],
});
`;

it('takes numbers out of text, as CSV has them; what is no number sets its document aside', async () => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'scored.mjs'), RECIPE);
  const rows = ['a,1.5,3,en', 'b,1.5,,fr', 'c, 2.5e0 ,-1,en', 'd,,7,en', 'e,nan,7,en', 'f,high,7,en', 'g,3,1.5,en'];
  await writeFile(join(cwd, 'a.csv'), `id,edu_score,votes,language,text\n${rows.map((r) => `${r},T.\n`).join('')}`);
  const run = await runCli(['run', 'scored.mjs', '--input', 'a.csv', '--output', 'o', '--allow-quarantine'], { cwd });
  expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('kept 4 of 7 documents') });
  const query = 'SELECT id, outcome, edu_score AS score, votes FROM ledger ORDER BY id';
  const { stdout } = await runCli(['sql', 'o', query, '--json'], { cwd });
  expect(JSON.parse(stdout)).toEqual([
    { id: 'a', outcome: 'dropped', score: 1.5, votes: 3 },
    { id: 'b', outcome: 'kept', score: 1.5, votes: null },
    { id: 'c', outcome: 'kept', score: 2.5, votes: -1 },
    { id: 'd', outcome: 'kept', score: null, votes: 7 },
    { id: 'e', outcome: 'kept', score: null, votes: 7 },
    { id: 'f', outcome: 'quarantined', score: null, votes: null },
    { id: 'g', outcome: 'quarantined', score: null, votes: null },
  ]);
});
