import { ConfigError } from '../../errors.ts';
import type { ShardChoice } from '../../run/nodes/shard.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Which part of a run a process does: `--shard i/n`, else its number in a Slurm array that begins at 0 and has no gap,
 * or its completion index in Kubernetes (of SLUICE_SHARDS, else of as many as were planned). Alone it does everything.
 */
export function shardChoice(given: string | undefined, shards: number, env: Environment): ShardChoice {
  if (given !== undefined) return parseShard(given);
  const of = (name: string): number => numberIn(env, name);
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
  if (index !== undefined) {
    const count = env.SLUICE_SHARDS === undefined ? shards : of('SLUICE_SHARDS');
    if (of('JOB_COMPLETION_INDEX') < count) return { index: Number(index), count };
    throw new ConfigError({
      expected: `an index below ${count}, the number of shards`,
      got: index,
      where: 'JOB_COMPLETION_INDEX',
      fix: 'SLUICE_SHARDS says how many there are, where they are not as many as planned.',
    });
  }
  return { index: 0, count: 1 };
}

/** Errors: ConfigError where the variable is not set, or is no whole number. */
function numberIn(env: Environment, name: string): number {
  const text = env[name];
  if (text !== undefined && /^\d{1,9}$/.test(text)) return Number(text);
  throw new ConfigError({
    expected: 'a whole number, as the scheduler sets it',
    got: text === undefined ? 'a variable that is not set' : `'${text}'`,
    where: name,
    fix: 'Say which part is meant: --shard 0/8 to 7/8.',
  });
}

function parseShard(text: string): ShardChoice {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (index !== undefined && Number(index) < Number(count)) return { index: Number(index), count: Number(count) };
  const last = Number(count) - 1;
  const range = last >= 0 ? `0/${count} to ${last}/${count}` : '0/8 to 7/8';
  throw new ConfigError({
    expected: `a part and the number of parts, counted from 0: ${range}`,
    got: `'${text}'`,
    where: '--shard',
    fix: `Give each process its own part, --shard ${range}; --shard 0/1 is everything.`,
  });
}
