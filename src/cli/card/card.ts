import { mkdir } from 'node:fs/promises';
import { isUrl } from '../../files/stores/url.ts';
import { writeCard } from '../../ledger/card/write-card.ts';
import { openRunFolder } from '../../ledger/run-folder.ts';
import { type Command, type OptionSpecs, parseCommandLine } from '../command.ts';
import { refuseUnfinishedFleet } from '../nodes/so-far.ts';
import { shownPath } from '../terminal/format.ts';
import { standardOutput } from '../terminal/terminal.ts';

const options = {
  redact: { help: 'Without excerpts, ids and paths: a card to share.' },
  output: { value: 'DIR', help: 'Another folder. Default: the run directory.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('card', args, options, ['run-dir']);
  refuseUnfinishedFleet(await openRunFolder(positionals[0], () => false), 'card');
  if (values.output !== undefined) await mkdir(values.output, { recursive: true });
  const paths = await writeCard(positionals[0], values.redact, values.output);
  for (const path of paths) standardOutput().out(isUrl(path) ? path : shownPath(path));
  return 0;
}

export const card: Command = {
  help: {
    usage: '<run-dir> [options]',
    about:
      'The data card of a run as card.json, card.md and card.html: the fifteen sections of the Data Cards template, ' +
      'filled with what the run knows, each table with the query that gives it. What only people know is shown as ' +
      'unanswered.',
    options,
    examples: [
      ['sluice card sluice-out/quickstart', 'into the run directory'],
      ['sluice card sluice-out/quickstart --redact --output shared', 'a card to share'],
    ],
  },
  run,
};
