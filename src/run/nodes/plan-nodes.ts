import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isUrl } from '../../files/stores/url.ts';
import { loadKernel } from '../../kernels/kernel.ts';
import { makeBarrier } from '../../operators/stages.ts';
import { parseOptions } from '../../options.ts';
import { checkSteps } from '../../recipe/check-steps.ts';
import { type Recipe, refuseUnset } from '../../recipe/recipe.ts';
import { SHARD_BYTES } from '../../sinks/shards.ts';
import { inParts } from '../../streams/flow/parted.ts';
import { isStdin, isSubstitution, pipeOf } from '../../streams/inputs/pipe.ts';
import { isBarrier } from '../../streams/operator.ts';
import { planSplits } from '../../streams/plan/plan.ts';
import { writePlan } from '../../streams/plan/plan-file.ts';
import { nothingToRead } from '../../streams/plan/skipped.ts';
import type { SplitPlan } from '../../streams/plan/splits.ts';
import { firstStart, identityOf } from '../directory/identity.ts';
import { type RunOptionsInput, runOptions } from '../options.ts';
import { reusingColumns } from '../reuse.ts';
import type { NodesJson, RoundShape } from './fleet.ts';
import { openPlace } from './plan-place.ts';

/** How a run is planned for many nodes. */
export interface NodePlanInput extends Pick<NodesJson, 'shards' | 'recipe' | 'args'> {
  /** Where the run goes: a folder that all nodes see under the same path, or `s3://bucket/prefix`. */
  readonly output: string;
  readonly options: RunOptionsInput;
}

/** What was planned. */
export interface NodePlan {
  /** The run directory: an absolute path, or an address. */
  readonly path: string;
  readonly plan: SplitPlan;
  readonly nodes: NodesJson;
}

/**
 * Writes the plan of a run that many processes will work on: plan.jsonl, run.json and nodes.json, which nobody changes
 * any more. Errors: ConfigError for a folder that holds something else, for standard input, and for a limit.
 */
export async function planNodes(given: Recipe, input: NodePlanInput): Promise<NodePlan> {
  const options = parseOptions(runOptions, input.options, 'plan');
  const patterns = options.input ?? given.input;
  refuseUnfit(given.name, patterns, options.limit);
  const place = await openPlace(input.output, options.fresh);
  try {
    const inputs = patterns.map((p) => (isUrl(p) ? p : resolve(p)));
    const recipe = await reusingColumns(given, inputs);
    const descriptors = recipe.steps.map((s) => s.descriptor);
    checkSteps(descriptors, recipe.name);
    refuseUnset(descriptors, recipe.name);
    await place.take();
    const plan = await planSplits(patterns, recipe.read, { splitBytes: recipe.splitBytes, output: place.path });
    if (plan.splits.length === 0 && plan.files.length === 0) throw nothingToRead(patterns, plan.skipped);
    const identity = await identityOf(recipe, options, plan);
    const kernel = await loadKernel();
    const parted: string[] = [];
    const rounds: Record<string, RoundShape[]> = {};
    for (const barrier of descriptors.filter(isBarrier)) {
      const made = await makeBarrier(barrier, kernel);
      if (inParts(made)) parted.push(barrier.step);
      if (made.rounds) rounds[barrier.step] = made.rounds.before.map(({ alone, toAll }) => ({ alone, toAll }));
    }
    const { shards, recipe: named, args } = input;
    const id = randomBytes(6).toString('hex');
    const nodes: NodesJson = {
      format: 2,
      id,
      shards,
      recipe: named,
      inputs,
      args,
      parted,
      rounds,
      node: process.version,
    };
    await writePlan(place.path, plan);
    const shardSize = options.shardSize ?? SHARD_BYTES;
    // nodes.json is the last: whoever finds it finds the rest too.
    const { command } = options;
    await place.write(
      { ...firstStart(identity.run, []), shardSize, ...(command && { command }) },
      `${JSON.stringify(nodes, null, 2)}\n`,
    );
    await place.close({ failed: false });
    return { path: place.name, plan, nodes };
  } catch (error) {
    // The first error is the one to tell.
    await place.close({ failed: true }).catch(() => {});
    throw error;
  }
}

function refuseUnfit(recipe: string, patterns: readonly string[], limit: number | null): void {
  const pipe = patterns.find((p) => !isUrl(p) && (isSubstitution(p) || pipeOf(p) !== null));
  if (patterns.length === 0 || pipe !== undefined)
    throw new ConfigError({
      expected: 'files to read, which every node sees',
      got: pipe === undefined ? 'no input' : isStdin(pipe) ? 'standard input' : `${pipe}, a pipe`,
      where: `recipe ${recipe}`,
      fix: "Use --input '/shared/folder/*.jsonl.gz'.",
    });
  if (limit !== null)
    throw new ConfigError({
      expected: 'a run over all of its input',
      got: `--limit ${limit}`,
      where: 'sluice plan --nodes',
      fix: 'The first documents are read one after the other: use --sample, or one process.',
    });
}
