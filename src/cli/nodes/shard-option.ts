import { ConfigError } from '../../errors.ts';
import type { ShardChoice } from '../../run/nodes/shard.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Which part of a run a process does: `--shard i/n`, else its number in a Slurm array that begins at 0 and has no gap,
 * or its completion index in Kubernetes (of SLUICE_SHARDS, else of as many as were planned). Alone it does everything.
 */
export function shardChoice(given: string | undefined, shards: number, env: Environment): ShardChoice {
  if (given !== undefined) return parseShard(given);
  const of = (name: string): number => Number(env[name]);
  if (env.SLURM_ARRAY_TASK_ID !== undefined) {
    const count = of('SLURM_ARRAY_TASK_COUNT');
    if (of('SLURM_ARRAY_TASK_MIN') === 0 && of('SLURM_ARRAY_TASK_MAX') === count - 1)
      return { index: of('SLURM_ARRAY_TASK_ID'), count };
    throw new ConfigError({
      expected: 'a Slurm array of 0 to n - 1, or --shard',
      got: `an array from ${env.SLURM_ARRAY_TASK_MIN} to ${env.SLURM_ARRAY_TASK_MAX} with ${count} tasks`,
      where: 'SLURM_ARRAY_TASK_ID',
      fix: 'Say which part is meant: --shard $SLURM_ARRAY_TASK_ID/1000.',
    });
  }
  const index = env.JOB_COMPLETION_INDEX;
  if (index !== undefined) return parseShard(`${index}/${env.SLUICE_SHARDS ?? shards}`);
  return { index: 0, count: 1 };
}

function parseShard(text: string): ShardChoice {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (index !== undefined && Number(index) < Number(count)) return { index: Number(index), count: Number(count) };
  throw new ConfigError({
    expected: 'a shard and their number, counted from 0: 0/8 to 7/8',
    got: `'${text}'`,
    where: '--shard',
  });
}
