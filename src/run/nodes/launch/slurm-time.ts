import { ConfigError } from '../../../errors.ts';

/** Slurm looks at time limits once a minute: it may send a signal up to so many seconds too early. */
const SIGNAL_EARLY = 60;

/** Seconds that a task has at least before it is told to stop. */
const LEAST_WORK = 60;

/**
 * Seconds of a time limit as sbatch takes it; null where it is none (`0`, `UNLIMITED`, `INFINITE`). Errors: ConfigError
 * for another form.
 */
export function limitSeconds(text: string): number | null {
  if (/^(unlimited|infinite|-1)$/i.test(text)) return null;
  const days = /^(\d+)-(\d+)(?::(\d+)(?::(\d+))?)?$/.exec(text);
  const parts = days ?? /^(\d+)(?::(\d+)(?::(\d+))?)?$/.exec(text);
  if (parts === null)
    throw new ConfigError({
      expected: 'a time limit as sbatch takes it: minutes, minutes:seconds, hours:minutes:seconds or days-hours',
      got: `'${text}'`,
      where: '--time',
      fix: 'Four hours are 4:00:00, two days 2-0.',
    });
  const [a, b = 0, c = 0, d = 0] = parts.slice(1).map((p: string | undefined) => Number(p ?? 0));
  // 90 and 90:30 begin with minutes, 4:00:00 with hours.
  const seconds = days ? ((a * 24 + b) * 60 + c) * 60 + d : parts[3] !== undefined ? (a * 60 + b) * 60 + c : a * 60 + b;
  return seconds === 0 ? null : seconds;
}

/** Errors: ConfigError where a task would be told to stop as soon as it begins, and so be queued again for ever. */
export function refuseShortLimit(time: string, warnSeconds: number): void {
  const limit = limitSeconds(time);
  const least = warnSeconds + SIGNAL_EARLY + LEAST_WORK;
  if (limit === null || limit >= least) return;
  throw new ConfigError({
    problem:
      `a task that is told to stop ${warnSeconds} seconds before a limit of ${limit} has no time to work, and would ` +
      'be queued again for ever',
    expected: `a limit of ${least} seconds or more: Slurm may send its signal a minute early`,
    got: `--time ${time} --warn ${warnSeconds}`,
    where: '--time',
    fix:
      `Give a --time of ${Math.ceil(least / 60)} (minutes) or more, or a shorter --warn. 2:00 is two minutes, ` +
      '2:00:00 two hours.',
  });
}

/** Options that the chain of jobs lives by; the second word: what to use instead. */
const OWN_OPTIONS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/^(--time(=|$)|-t)/, '--time of sluice slurm'],
  [/^--signal(=|$)/, '--warn'],
  [/^(--array(=|$)|-a)/, '--nodes and --array-limit'],
  [/^(--dependency(=|$)|-d)/, 'no dependency: each phase waits for the one before it'],
  [/^(--comment(=|$)|--job-name(=|$)|-J|--no-requeue$)/, 'none: by it tasks are found, or queued again'],
];

/** Errors: ConfigError for an option of sbatch that would take the place of one of ours. */
export function refuseOwnOptions(sbatch: readonly string[]): void {
  for (const option of sbatch) {
    const own = OWN_OPTIONS.find(([pattern]) => pattern.test(option));
    if (own === undefined) continue;
    throw new ConfigError({
      expected: 'an option of sbatch that sluice slurm does not set itself',
      got: option,
      where: '--sbatch',
      fix: `Leave it out. Use instead: ${own[1]}.`,
    });
  }
}
