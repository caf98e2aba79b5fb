import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { shownUrl } from '../../files/stores/url.ts';
import { fleetPhases, splitsByShard } from '../../run/nodes/fleet.ts';
import { planNodes } from '../../run/nodes/plan-nodes.ts';
import { LEAST_SHARD, parseBytes } from '../../run/options.ts';
import { safeJson } from '../../safe-text.ts';
import { type OptionSpecs, percentOption, type Values, wholeNumber } from '../command.ts';
import { program } from '../program.ts';
import { recipeFrom, type recipeSpecs } from '../recipe-options.ts';
import { fieldNotes } from '../run/field-notes.ts';
import { plural, shellWord, shownPath } from '../terminal/format.ts';
import { skippedSentences } from '../terminal/skipped.ts';
import { standardOutput } from '../terminal/terminal.ts';
import { recipeArgs, recipeFor } from './fleet-recipe.ts';

/** Options of `sluice plan` for a run on many nodes. */
export const nodesSpecs = {
  nodes: {
    value: 'N',
    help:
      'Write the plan of a run that many processes work on into --output, in N logical shards: as many as there will ' +
      'ever be processes, or more. See docs/many-nodes.md.',
  },
  'shard-size': { value: 'SIZE', help: 'With --nodes: target size of output files. Default 256MB.' },
  fresh: { help: 'With --nodes: delete the earlier run in the output folder first.' },
} as const satisfies OptionSpecs;

type NodeValues = Values<typeof recipeSpecs & typeof nodesSpecs> & {
  readonly output: string | undefined;
  readonly sample: string | undefined;
  readonly limit: string | undefined;
  readonly json: boolean;
};

/** Options that mean nothing without --nodes. */
export function refuseWithoutNodes(values: Values<typeof nodesSpecs>): void {
  const given = values.fresh ? '--fresh' : values['shard-size'] !== undefined ? '--shard-size' : null;
  if (given === null) return;
  throw new ConfigError({
    expected: `${given} together with --nodes: without it nothing is written`,
    got: given,
    where: 'sluice plan',
    fix: `Leave it out, or give --nodes N.`,
  });
}

/** Writes the plan, and says how to go on. @param quiet says only what was planned */
export async function planForNodes(given: string, values: NodeValues, quiet = false): Promise<number> {
  const recipe = await recipeFrom(given, values);
  const output = values.output ?? join('sluice-out', recipe.name);
  const args = recipeArgs(values);
  const sample = values.sample === undefined ? [] : [`--sample=${values.sample}`];
  const { path, plan, nodes } = await planNodes(recipe, {
    shards: wholeNumber(values.nodes, '--nodes')!,
    recipe: recipeFor(output, given),
    args,
    output,
    options: {
      input: values.input.length > 0 ? [...values.input] : undefined,
      samplePercent: percentOption(values.sample, '--sample'),
      limit: wholeNumber(values.limit, '--limit') ?? null,
      fresh: values.fresh,
      // What makes the same run in one process, from the same folder.
      command: {
        args: [given, ...values.input.flatMap((i) => ['--input', shownUrl(i)]), ...args, ...sample],
        folder: process.cwd(),
      },
      shardSize:
        values['shard-size'] === undefined ? undefined : parseBytes(values['shard-size'], '--shard-size', LEAST_SHARD),
    },
  });
  const steps = recipe.steps.map((s) => s.descriptor);
  const phases = fleetPhases(steps, nodes).length;
  const { out } = standardOutput();
  if (values.json) {
    const { files, splits, skipped, warnings } = plan;
    const facts = { run: path, shards: nodes.shards, phases, files: files.length, splits: splits.length };
    out(safeJson(JSON.stringify({ ...facts, parted: nodes.parted, skipped, warnings }, null, 2)));
    return 0;
  }
  const here = shellWord(shownPath(path));
  out(
    `Planned ${plural(plan.splits.length, 'split')} of ${plural(plan.files.length, 'file')} in ` +
      `${plural(nodes.shards, 'logical shard')} and ${plural(phases, 'phase')}, in ${shownPath(path)}.`,
  );
  const sizes = (await splitsByShard(plan.splits, nodes.shards)).map((s) => s.length);
  const idle = sizes.filter((n) => n === 0).length;
  if (idle > 0)
    out(
      `${idle} of these shards ${idle === 1 ? 'has' : 'have'} no split, and the largest has ` +
        `${Math.max(...sizes)}: more shards than a fourth of the splits do not spread the work (splitBytes in the ` +
        'recipe makes more splits).',
    );
  const missing = await fieldNotes(plan.files, recipe.read, steps);
  for (const line of [...missing, ...skippedSentences(plan.skipped), ...plan.warnings]) out(line);
  if (quiet) return 0;
  out('');
  const last = nodes.shards - 1;
  const others = last > 0 ? `, up to ${last}/${nodes.shards}` : '';
  out(`Then, on every node, once for each phase${others}; with --wait once for all of them:`);
  out(`  ${program()} run ${here} --shard 0/${nodes.shards}`);
  out('and, when all phases are done:');
  out(`  ${program()} finish ${here}`);
  return 0;
}
