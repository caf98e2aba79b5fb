import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { annotate, recipe, textStatistics } from 'sluice';
import { expect, it } from 'vitest';
import { card as cardCommand } from '../../src/cli/card/card.ts';
import { evalCommand } from '../../src/cli/eval/eval.ts';
import { init as initCommand } from '../../src/cli/init/init.ts';
import { serveCommand } from '../../src/cli/serve/serve.ts';
import { removeOwn } from '../../src/run/directory/own-files.ts';
import { readMixture } from '../../src/run/feed/mixture-file.ts';
import { takeFolder } from '../../src/training/compare/folder.ts';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';

// Of the user's, and named as an output: nothing of it is written over or deleted, by any command.

it('no command writes over a file that somebody else has made, where its name is one of ours too', async () => {
  const folder = await temporaryFolder();
  const output = join(folder, 'out');
  await writeCorpus(join(folder, 'in'), madeDocuments(20, 3), 1);
  const keep = recipe({ name: 'keep', steps: [annotate(textStatistics())] });
  await runToEnd(keep, { input: [join(folder, 'in')], output, workers: 1 });
  const mine = 'This is mine.\n';
  const put = (path: string): string => {
    writeFileSync(path, mine);
    return path;
  };
  const page = put(join(folder, 'page.html'));
  await expect(serveCommand.run([output, '--export', page])).rejects.toThrow('expected a new file, or a page of a run');
  await expect(serveCommand.run([output, '--export', folder])).rejects.toThrow('got a folder');
  const card = put(join(output, 'card.md'));
  await expect(cardCommand.run([output])).rejects.toThrow('never writes over what is not its own');
  const state = join(folder, 'state');
  mkdirSync(state);
  const mixture = join(state, 'mixture.jsonl');
  writeFileSync(mixture, '{"web": 0.7}');
  await expect(readMixture(state)).rejects.toThrow('expected the log of a feed, got another file');
  writeFileSync(mixture, '{"type":"header","form');
  expect(await readMixture(state)).toMatchObject({ header: null });
  await expect(readMixture(page)).rejects.toThrow('expected a folder for the state of the feed');
  const others = join(folder, 'others');
  mkdirSync(others);
  const [report, evaluation] = [put(join(others, 'report.md')), put(join(others, 'eval.md'))];
  await expect(takeFolder(others, 'identity', true)).rejects.toThrow('a folder with other files');
  const args = ['model', '--input', 'nothing.jsonl', '--output', others];
  await expect(evalCommand.run(args)).rejects.toThrow('or an evaluation that Sluice has made');
  await expect(initCommand.run([page])).rejects.toThrow('expected a folder for the recipe, got a file');
  // Nor does --fresh delete it.
  expect(await removeOwn(output, ['lock', 'run.json'])).toEqual(['card.md']);
  for (const path of [page, card, report, evaluation]) expect(readFileSync(path, 'utf8')).toBe(mine);
  expect(readdirSync(others).sort()).toEqual(['eval.md', 'report.md']);
});

it('what is ours is written again', async () => {
  const folder = await temporaryFolder();
  const output = join(folder, 'out');
  await writeCorpus(join(folder, 'in'), madeDocuments(20, 3), 1);
  const keep = recipe({ name: 'keep', steps: [annotate(textStatistics())] });
  await runToEnd(keep, { input: [join(folder, 'in')], output, workers: 1 });
  const page = join(folder, 'page.html');
  for (let i = 0; i < 2; i++) {
    expect(await serveCommand.run([output, '--export', page])).toBe(0);
    expect(await cardCommand.run([output])).toBe(0);
  }
  expect(await removeOwn(output, ['lock', 'run.json'])).toEqual([]);
});
