/** What went wrong, in the four parts that every Sluice error has. */
export interface ErrorParts {
  /**
   * What is wrong, in one sentence without a full stop, where that reads better than `expected X, got Y`: `the optional
   * package onnxruntime-node is not installed`. The terminal then shows it in place of the two.
   */
  readonly problem?: string;
  /** What was expected. */
  readonly expected: string;
  /** What was there instead (value and type). */
  readonly got: string;
  /** File, position, step or option where it was found. */
  readonly where?: string;
  /** What the user can do about it. */
  readonly fix?: string;
  readonly cause?: unknown;
}

function sentence({ expected, got, where, fix }: ErrorParts): string {
  return `${where ? `${where}: ` : ''}expected ${expected}, got ${got}.${fix ? ` ${fix}` : ''}`;
}

/** Base of all errors that Sluice throws on purpose; `code` is stable, the message is for people. */
export class SluiceError extends Error {
  readonly code: string;
  readonly parts: ErrorParts;
  constructor(code: string, parts: ErrorParts) {
    super(sentence(parts), { cause: parts.cause });
    this.name = new.target.name;
    this.code = code;
    this.parts = parts;
  }
}

/** An error in one line for a person: the problem and how to fix it, else its message. */
export function inOneLine(error: unknown): string {
  if (!(error instanceof SluiceError) || error.parts.problem === undefined)
    return (error instanceof Error ? error.message : String(error)).split('\n')[0];
  const { problem, fix } = error.parts;
  return `${problem}.${fix ? ` ${fix}` : ''}`;
}

/** Bad usage, recipe or option: exit code 2. */
export class ConfigError extends SluiceError {
  constructor(parts: ErrorParts) {
    super('config', parts);
  }
}

/** The input or the output could not be read or written (not a bad record): exit code 1. */
export class InputError extends SluiceError {
  constructor(parts: ErrorParts) {
    super('io', parts);
  }
}

/**
 * A promise of Sluice does not hold (lost documents, detached buffer, stalled stream): exit code 1, always a bug worth
 * reporting.
 */
export class InvariantError extends SluiceError {
  constructor(parts: ErrorParts) {
    super('invariant', parts);
  }
}

/** What a guard saw, as data. Shares are 0 to 1. */
export interface GuardSight {
  readonly guard: 'rule' | 'cluster' | 'drop_share' | 'quarantine' | 'failed';
  /** `step.rule`, the dedup step, a domain, or `all`. */
  readonly of: string;
  readonly documents: number;
  readonly outOf: number;
  readonly share: number;
  readonly min: number;
  readonly max: number;
  /** Flag of `sluice run` that allows it. */
  readonly flag: string;
  readonly examples: readonly { readonly id: string; readonly value: number | null; readonly excerpt: string }[];
}

/** A guard stopped the run before harm: exit code 3. */
export class GuardError extends SluiceError {
  readonly saw: GuardSight;
  constructor(parts: ErrorParts, saw: GuardSight) {
    super('guard', parts);
    this.saw = saw;
  }
}

/** The name in `known` that is closest to `name` (optimal string alignment distance), or null when nothing is near. */
export function nearestName(name: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const d = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length];
}
