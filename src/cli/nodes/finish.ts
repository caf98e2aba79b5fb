import { NODES_FILE } from '../../ledger/fleet-commits.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { finishNodes } from '../../run/nodes/finish.ts';
import { readNodesJson } from '../../run/nodes/fleet.ts';
import { withShared } from '../../run/nodes/shared.ts';
import { LEAST_MEMORY, parseBytes, type RunOptionsInput } from '../../run/options.ts';
import { safeJson } from '../../safe-text.ts';
import { type Command, type OptionSpecs, parseCommandLine } from '../command.ts';
import { EXIT } from '../failure.ts';
import { allowFrom, allowSpecs } from '../run/allow-options.ts';
import { printSummary } from '../run/run-summary.ts';
import { shownPath } from '../terminal/format.ts';
import { standardOutput } from '../terminal/terminal.ts';
import { fleetRecipe } from './fleet-recipe.ts';

const options = {
  memory: { value: 'SIZE', help: 'Buffer budget. Default 256MB.' },
  ...allowSpecs,
  json: { help: 'run.json of the finished run on standard output.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('finish', args, options, ['run-dir']);
  const [given] = positionals;
  const { before, planned, path, nodes } = await withShared(given, async (shared) => {
    const text = await shared.read('run.json');
    const before = text === null ? null : (JSON.parse(text) as RunJson);
    const planned = await shared.has(NODES_FILE);
    const done = before?.status === 'done' && !planned;
    return { before, planned, path: shared.name, nodes: done ? null : await readNodesJson(shared) };
  });
  const already = before?.status === 'done';
  const { out } = standardOutput();
  if (nodes === null || (already && !planned)) {
    out(values.json ? safeJson(JSON.stringify(before)) : `The run in ${shownPath(path)} is finished.`);
    return EXIT.done;
  }
  const memory = values.memory === undefined ? undefined : parseBytes(values.memory, '--memory', LEAST_MEMORY);
  await finishAndSay(await fleetRecipe(path, nodes), path, { memory, allow: allowFrom(values) }, values.json, already);
  return EXIT.done;
}

/** Ends the run, and prints what became of it. @param already whether it was done before */
export async function finishAndSay(
  recipe: Recipe,
  path: string,
  options: Pick<RunOptionsInput, 'memory' | 'allow'>,
  json: boolean,
  already = false,
): Promise<void> {
  const result = await finishNodes(recipe, path, options);
  if (json) standardOutput().out(safeJson(JSON.stringify(result)));
  else {
    const rest = { skipped: [], warnings: [], peakBytes: null, bytesPerSecond: null };
    await printSummary(standardOutput(), { run: path, shown: shownPath(path), result, already, ...rest });
  }
}

export const finishCommand: Command = {
  help: {
    usage: '<run-dir> [options]',
    about:
      'Ends a run on many nodes: makes one commit log of those of all shards, checks that every document and byte is ' +
      'accounted for, judges the guards, joins the output files, and deletes what only the nodes needed. The run ' +
      'directory is then what one process would have written. Run it again if it was interrupted.',
    options,
    examples: [['sluice finish /shared/out', 'when sluice status says that every phase is done']],
  },
  run,
};
