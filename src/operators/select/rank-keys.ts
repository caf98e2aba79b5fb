import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { type Column, numberAt, stringAt } from '../../streams/batch/columns.ts';
import { type Barrier, type BarrierSplit, readKeys } from '../../streams/flow/barrier.ts';
import { rowsInScope, type StepDescriptor } from '../../streams/operator.ts';
import type { Scan } from './values-at-ranks.ts';

/** Is there a value to rank? */
export const STATE = { outOfScope: -1, missing: 0, ranked: 1 } as const;

/** Options that all steps on ranks have. */
export interface RankOptions {
  readonly column: string;
  readonly within: 'all' | 'domain';
}

/** Side columns of a step on ranks: value, whether there is one, group. */
export function rankKeys(descriptor: StepDescriptor): Barrier['keys'] {
  const { column, within } = descriptor.options as unknown as RankOptions;
  return (batch: DocumentBatch) => {
    const scope = rowsInScope(batch, descriptor.where);
    const numbers = batch.number(column);
    const value = new Float64Array(batch.rows);
    const state = new Int32Array(batch.rows).fill(STATE.outOfScope);
    for (let i = 0; i < batch.rows; i++) {
      if (scope[i] === 0) continue;
      const v = numberAt(numbers, i);
      state[i] = v === null || Number.isNaN(v) ? STATE.missing : STATE.ranked;
      value[i] = state[i] === STATE.ranked ? (v as number) + 0 : 0;
    }
    const keys = new Map<string, Column>([
      ['value', { type: 'float64', values: value, valid: null }],
      ['state', { type: 'int32', values: state, valid: null }],
    ]);
    if (within === 'domain') keys.set('group', batch.utf8('domain'));
    return keys;
  };
}

/** Side columns of one split as they come back. */
export interface RankRows {
  readonly rows: number;
  readonly value: Float64Array;
  readonly state: Int32Array;
  /** Number of the group of a row. */
  readonly group: (row: number) => number;
}

/** The side columns of all splits, and their groups as numbers in order of appearance. */
export class RankedValues {
  #splits: readonly BarrierSplit[];
  #groups = new Map<string, number>();
  /** Values of each group; complete after `count`. */
  readonly counts: number[] = [];

  constructor(splits: readonly BarrierSplit[]) {
    this.#splits = splits;
  }

  /** Of the groups that have come so far. */
  readonly names: string[] = [];

  async count(): Promise<void> {
    for (const split of this.#splits) {
      for await (const { rows, state, group } of this.rowsOf(split)) {
        for (let i = 0; i < rows; i++) {
          if (state[i] !== STATE.ranked) continue;
          const g = group(i);
          this.counts[g] = (this.counts[g] ?? 0) + 1;
        }
      }
    }
    for (let g = 0; g < this.counts.length; g++) this.counts[g] ??= 0;
  }

  readonly scan: Scan = async (visit) => {
    for (const split of this.#splits) {
      for await (const { rows, value, state, group } of this.rowsOf(split))
        for (let i = 0; i < rows; i++) if (state[i] === STATE.ranked) visit(group(i), value[i]);
    }
  };

  async *rowsOf(split: BarrierSplit): AsyncGenerator<RankRows> {
    for await (const batch of readKeys(split)) {
      const groups = batch.columns.has('group') ? batch.utf8('group') : null;
      const only = groups === null ? this.#numberOf('') : 0;
      yield {
        rows: batch.rows,
        value: batch.number('value').values as Float64Array,
        state: batch.number('state').values as Int32Array,
        group: (row) => (groups === null ? only : this.#numberOf(stringAt(groups, row) ?? '')),
      };
    }
  }

  #numberOf(name: string): number {
    let number = this.#groups.get(name);
    if (number === undefined) {
      number = this.#groups.size;
      this.#groups.set(name, number);
      this.names.push(name);
    }
    return number;
  }
}
