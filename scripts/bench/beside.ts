import { median } from './corpus.ts';

/** One way to do a job. The first of a job is ours. */
export interface Way {
  readonly name: string;
  /** Gives what came of it, so that it can be compared, or what cannot be told apart from it. */
  readonly run: () => unknown;
}

export interface Measured {
  readonly job: string;
  readonly name: string;
  readonly mbPerSecond: number;
  /** Speed of ours over speed of this one, in this run: above 1, ours is faster. */
  readonly ours: number;
}

/**
 * Does a job in every way, in turn, six times over; the first round is warm-up. CPU time, median of five. What comes
 * out must be the same.
 * Errors: Error when it is not.
 */
export async function beside(job: string, bytes: number, ways: readonly Way[]): Promise<Measured[]> {
  const seconds: number[][] = ways.map(() => []);
  let expected: string | null = null;
  for (let round = 0; round <= 5; round++) {
    for (const [i, { name, run }] of ways.entries()) {
      const before = process.cpuUsage();
      const result = await run();
      const { user, system } = process.cpuUsage(before);
      if (round > 0) seconds[i].push((user + system) / 1e6);
      const got = String(result);
      expected ??= got;
      if (got !== expected) throw new Error(`${job}: ${name} makes ${got}, ${ways[0].name} makes ${expected}`);
    }
  }
  const ours = median(seconds[0]);
  return ways.map(({ name }, i) => {
    const own = median(seconds[i]);
    const mbPerSecond = Math.round(bytes / own / 1e5) / 10;
    return { job, name, mbPerSecond, ours: Math.round((own / ours) * 100) / 100 };
  });
}

export function printMeasured(measured: readonly Measured[], json: boolean, what: string): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ node: process.version, what, measured })}\n`);
    return;
  }
  process.stdout.write(
    `${what}; Node ${process.version}; CPU time, median of 5; ours: how many times faster ours is\n`,
  );
  for (const { job, name, mbPerSecond, ours } of measured)
    process.stdout.write(
      `${job.padEnd(26)} ${name.padEnd(28)} ${mbPerSecond.toFixed(1).padStart(8)} MB/s  ours ${ours.toFixed(2)}\n`,
    );
}
