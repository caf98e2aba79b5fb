import { join } from 'node:path';
import { generator } from '../helpers/corpus.ts';
import { type ChildRun, runChild } from './harness.ts';

export interface RandomKills {
  /** How long a run takes that nobody kills. */
  readonly wholeMs: number;
  readonly kills: number;
  readonly seed: number;
}

/**
 * Kills runs of one and of two workers at random moments, most before their end and some several times, until there
 * were `kills`, and the last one came to its end. Returns the output folders of those that did.
 */
export async function killAtRandom(
  run: Omit<ChildRun, 'output'>,
  folder: string,
  { wholeMs, kills, seed }: RandomKills,
): Promise<string[]> {
  const random = generator(seed);
  const ended: string[] = [];
  let latest = wholeMs;
  for (let i = 0, killed = 0; killed < kills || ended.length === 0; i++) {
    const output = join(folder, `killed-${ended.length}`);
    const killAfterMs = killed < kills ? latest * (0.3 + 0.7 * random()) : undefined;
    const end = await runChild({ ...run, output, workers: 1 + (i % 2), killAfterMs });
    if (end.killed) {
      killed++;
      continue;
    }
    if (end.code !== 0 || end.stderr !== '') throw new Error(`the child ended with ${end.code}: ${end.stderr}`);
    ended.push(output);
    // It came to its end before the kill: the machine is less busy than when the time was taken, or most was done
    // before.
    latest *= 0.8;
  }
  return ended;
}
