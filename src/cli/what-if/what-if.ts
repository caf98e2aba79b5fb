import { ConfigError } from '../../errors.ts';
import { openRunDatabase } from '../../ledger/database.ts';
import { documentsAt } from '../../ledger/documents-data.ts';
import { openRunFolder, shownRun } from '../../ledger/run-folder.ts';
import { recutArguments } from '../../ledger/what-if/command.ts';
import { openWhatIf } from '../../ledger/what-if/load.ts';
import { ruleOverlap } from '../../ledger/what-if/overlap.ts';
import { redecide } from '../../ledger/what-if/redecide.ts';
import { changesOf } from '../../ledger/what-if/settings.ts';
import { asKnown, tally } from '../../ledger/what-if/tally.ts';
import { safeJson } from '../../safe-text.ts';
import { countsTokens } from '../../streams/batch/token-ids.ts';
import { rewritesText } from '../../streams/operator.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { refuseUndecided } from '../nodes/so-far.ts';
import { program } from '../program.ts';
import { freeRecutOutput } from '../run/recut.ts';
import { commandAgain, streamsAgain } from '../terminal/again.ts';
import { standardOutput } from '../terminal/terminal.ts';
import { overlapLines } from './overlap-lines.ts';
import { whatIfLines } from './what-if-lines.ts';

const options = {
  set: {
    value: 'STEP.OPTION=VALUE',
    many: true,
    help: 'Another threshold of a rule; null or false: without the rule.',
  },
  examples: { value: 'N', help: 'Documents to list of those lost and of those saved. Default 5.' },
  overlap: { help: 'Which rules fail the same documents, which are redundant and which act alone.' },
  json: { help: 'One JSON object on standard output.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('what-if', args, options, ['run-dir']);
  const most = wholeNumber(values.examples, '--examples', 0) ?? 5;
  if (values.set.length === 0 && !values.overlap)
    throw new ConfigError({
      expected: '--set step.option=value, or --overlap',
      got: 'neither',
      where: 'sluice what-if',
      fix: 'For example --set gopher_quality.min_words=30',
    });
  const folder = await openRunFolder(positionals[0]);
  refuseUndecided(folder, 'what-if');
  const db = await openRunDatabase(folder);
  try {
    const prepared = await openWhatIf(folder, db);
    const changes = changesOf(prepared.plan, values.set);
    const now = redecide(prepared, changes);
    const result = tally(prepared, now);
    const { lost, saved, perhaps, ...numbers } = result;
    const examples = {
      lost: await documentsAt(folder, db, [...lost.subarray(0, most)]),
      saved: await documentsAt(folder, db, [...saved.subarray(0, most)]),
      perhaps: await documentsAt(folder, db, [...perhaps.subarray(0, most)]),
    };
    const overlap = values.overlap ? ruleOverlap(prepared, now) : null;
    const again = recutArguments(folder.run, positionals[0], values.set, freeRecutOutput(positionals[0]));
    const terminal = standardOutput();
    if (values.json) {
      const rest = { examples, overlap, recut: again };
      const answer = { run: shownRun(folder), settings: values.set, ...asKnown(numbers), ...rest };
      terminal.out(safeJson(JSON.stringify(answer, null, 2)));
      return 0;
    }
    if (values.set.length > 0) {
      const counted = countsTokens(folder.run.schema.annotations);
      const cuts = folder.steps.some(rewritesText);
      const view = { result, changes, plan: prepared.plan, examples, counted, cuts };
      for (const line of whatIfLines(terminal, view)) terminal.out(line);
      terminal.out();
      terminal.out(terminal.style.bold('To run it'));
      const words = again ?? values.set.flatMap((s) => ['--set', s]);
      const command = commandAgain(words);
      terminal.out(`  ${again ? `${program()} run ${command}` : `your recipe, with ${command}`}`);
      const streams = again && streamsAgain(folder.run.input.patterns);
      if (streams) terminal.out(streams);
    }
    if (overlap) for (const line of overlapLines(terminal, overlap)) terminal.out(line);
  } finally {
    db.close();
  }
  return 0;
}

export const whatIf: Command = {
  help: {
    usage: '<run-dir> --set step.option=value [options]',
    about:
      'What other thresholds would keep, from the ledger alone: documents, bytes and tokens per domain, and which ' +
      'documents change sides. Reads no text and changes nothing. Exact where the ledger has every value that the ' +
      'changed rules and those after them judge (tightening, rules over scores computed before, a run with ' +
      '--annotate-only); elsewhere an interval, with the number of documents not judged and the step that would ' +
      'have to.',
    options,
    examples: [
      ['sluice what-if sluice-out/quickstart --set gopher_quality.min_words=30', 'a lower threshold'],
      [
        'sluice what-if sluice-out/quickstart --set gopher_quality.min_words=30 --set fineweb.max_short_lines=null',
        'two at once; the second rule left out',
      ],
      ['sluice what-if sluice-out/quickstart --overlap', 'rules that fail the same documents'],
    ],
  },
  run,
};
