import { InputError } from '../errors.ts';
import type { Mix, MixState } from './mix.ts';
import { factsFor } from './mix.ts';
import type { Facts, Json } from './scheduler.ts';

/** Mean loss per token of each domain in a step; `null` where the step held none of its tokens. */
export type Losses = readonly (number | null)[];

/** The first line: everything besides losses that the slots of a step depend on. */
export interface LogHeader {
  readonly type: 'header';
  readonly format: 1;
  readonly scheduler: { readonly name: string; readonly version: number; readonly options: Json };
  readonly seed: number;
  /** The losses of step s act from step s + lag on; 1 or more. */
  readonly lag: number;
  /** As the scheduler sees them: without totals, unless it needs them. */
  readonly facts: Facts;
  readonly limits: readonly (number | null)[];
  /** What the sequences are, by name of its parts: the mixture only compares it. */
  readonly sequences?: { readonly [part: string]: Json };
}

/** A line of `mixture.jsonl`. */
export type LogLine =
  | LogHeader
  | { readonly type: 'losses'; readonly step: number; readonly losses: Losses }
  /** The weights of a step, where they differ from those of the step before. */
  | {
      readonly type: 'weights';
      readonly step: number;
      readonly weights: readonly number[];
      readonly lossWeights: readonly number[] | null;
    }
  /** The state before `state.step`: where a replay begins. */
  | { readonly type: 'counters'; readonly state: MixState }
  /** The trainer went back to `step`: the losses of that step and of later ones do not count any more. */
  | { readonly type: 'rewind'; readonly step: number };

export function logHeader(mix: Mix, seed: number, lag: number, sequences?: LogHeader['sequences']): LogHeader {
  const { name, version, options } = mix.scheduler;
  return {
    type: 'header',
    format: 1,
    scheduler: { name, version, options },
    seed,
    lag,
    facts: factsFor(mix),
    limits: mix.limits,
    ...(sequences && { sequences }),
  };
}

export const formatLine = (line: LogLine): string => `${JSON.stringify(line)}\n`;

/** The line that says by which weights a step was drawn, or `null` where they are those of the step before. */
export function weightsLine(before: MixState | null, after: MixState): LogLine | null {
  const { weights, lossWeights } = after;
  const same = before !== null && equal(before.weights, weights) && equal(before.lossWeights, lossWeights);
  return same ? null : { type: 'weights', step: after.step - 1, weights, lossWeights };
}

export const equal = (a: Losses | null, b: Losses | null): boolean =>
  a === b || (a !== null && b !== null && a.length === b.length && a.every((value, i) => value === b[i]));

export interface ParsedLog {
  /** `null` where not even the first line was written whole. */
  readonly header: LogHeader | null;
  /** The lines after it. */
  readonly lines: readonly LogLine[];
  /** Bytes of the whole lines: a log is cut there before it is written on, since a kill may have torn its last line. */
  readonly bytes: number;
}

/**
 * Reads a log. A last line that was not written whole is left off. Errors: InputError with the number of the line, for
 * any other line that is not what it should be, and for a format that this version does not know.
 */
export function parseLog(text: string, file = 'mixture.jsonl'): ParsedLog {
  const rows = text.split('\n');
  const open = rows.pop();
  const lines: LogLine[] = [];
  let bytes = 0;
  for (const [i, row] of rows.entries()) {
    const line = lineOf(row, i === 0 ? null : (lines[0] as LogHeader).facts.domains.length);
    if (typeof line === 'string') {
      // The last line of a log that a kill tore may end in anything, a line feed too.
      if (i === rows.length - 1 && open === '') break;
      throw new InputError({
        problem: `line ${i + 1} of ${file} is damaged: ${line}`,
        expected: 'a line as it was written',
        got: row.length > 80 ? `${row.slice(0, 80)}...` : row,
        where: `${file}, line ${i + 1}`,
        fix: 'Restore the file from a copy, or start the feed in a new directory.',
      });
    }
    lines.push(line);
    bytes += new TextEncoder().encode(row).length + 1;
  }
  const [header, ...rest] = lines;
  return { header: (header as LogHeader | undefined) ?? null, lines: rest, bytes };
}

const whole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** A line, or what is wrong with it. `domains` is null for the header. */
function lineOf(row: string, domains: number | null): LogLine | string {
  let line: { readonly [key: string]: unknown };
  try {
    line = JSON.parse(row);
  } catch {
    // What JSON.parse says differs between versions of Node.
    return 'it is not JSON';
  }
  if (line === null || typeof line !== 'object') return 'it is not an object';
  if ((line.type === 'header') !== (domains === null))
    return domains === null ? 'it is not the header' : 'a second header';
  const numbers = (value: unknown, kinds: readonly string[]): boolean =>
    Array.isArray(value) &&
    value.length === domains &&
    value.every((v) => Number.isFinite(v) || (v === null && kinds.includes('null')));
  switch (line.type) {
    case 'header': {
      const { format, facts, lag, limits } = line as Partial<LogHeader>;
      if (format !== 1) return `its format is ${String(format)}, and this version knows 1`;
      const right = Array.isArray(facts?.domains) && Array.isArray(limits) && whole(lag) && whole(line.seed);
      return right ? (line as unknown as LogHeader) : 'a header without facts, limits, seed or lag';
    }
    case 'losses':
      if (whole(line.step) && numbers(line.losses, ['null'])) return line as LogLine;
      break;
    case 'weights':
      if (whole(line.step) && numbers(line.weights, [])) return line as LogLine;
      break;
    case 'counters': {
      const state = line.state as Partial<MixState> | undefined;
      if (whole(state?.step) && [state?.drawn, state?.owed, state?.weights].every((v) => numbers(v, [])))
        return line as LogLine;
      break;
    }
    case 'rewind':
      if (whole(line.step)) return line as LogLine;
      break;
    default:
      return 'its type is not known';
  }
  return `${line.type} without a step, or with values for another number of domains`;
}
