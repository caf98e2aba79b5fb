import * as z from 'zod';
import { parseOptions } from '../options.ts';
import { DocumentBatch } from '../streams/batch/batch.ts';
import { numberAt, stringAt } from '../streams/batch/columns.ts';
import type { Rule } from '../streams/batch/outcome.ts';
import { rowsOf } from '../streams/batch/own-columns.ts';
import { parallel } from '../streams/flow/parallel.ts';
import { breathe } from '../streams/inputs/walk.ts';
import { type Operator, rowsInScope, type Scope } from '../streams/operator.ts';
import { type ClosureAnswer, type ClosureRequest, withPredicate } from './custom-stage.ts';
import { operatorOf, type Pipe, stepDescriptor, stepOptions } from './operator.ts';
import { noOption } from './settings.ts';

/** One document as a closure sees it; values are decoded when they are asked for. */
export interface DocumentView {
  readonly id: string;
  readonly text: string;
  readonly domain: string;
  /** Parsed metadata. */
  readonly metadata: unknown;
  /** An annotation, or null. */
  value(column: string): number | null;
}

/** True keeps a document, false drops it. */
export type Predicate = (document: DocumentView) => boolean | Promise<boolean>;

const customArguments = z.object({
  name: z.string('a snake_case name').regex(/^[a-z][a-z0-9_]*$/, 'a snake_case name'),
  version: z.int(),
  keep: z.custom<Predicate>((value) => typeof value === 'function', 'a function of a document'),
});

const customOptions = z.strictObject({ where: stepOptions.shape.where });

/**
 * A predicate of your own, run on the main thread: convenient, and slower than a rule on columns. Change `version` when
 * you change what it means: a run made with another version does not resume. Drops: rule = `name`.
 */
export function custom(name: string, version: number, keep: Predicate, options: { where?: Scope } = {}): Operator {
  parseOptions(customArguments, { name, version, keep }, 'custom()');
  const { where } = parseOptions(customOptions, options, `custom ${name}`);
  const rule: Rule = { name, version, column: name, comparison: '==', threshold: 0, onNull: 'pass', option: name };
  const descriptor = stepDescriptor({
    step: name,
    stage: 'custom',
    versions: [`${name}@${version}`],
    effects: { drops: 'predicate' },
    where,
    rules: [rule],
  });
  const here = async (batch: DocumentBatch): Promise<DocumentBatch> => {
    const scope = rowsInScope(batch, where ?? null);
    return withPredicate(batch, descriptor, scope, await keptOf(batch, rowsOf(scope), keep));
  };
  const pipe = (): Pipe => parallel(name, here, { concurrency: 1 });
  const set = (option: string): never => {
    throw noOption([], name, option);
  };
  const serve = (request: unknown): Promise<ClosureAnswer> => {
    const { rows, columns } = request as ClosureRequest;
    const batch = new DocumentBatch({ rows, columns, split: 0, sequence: 0 });
    return keptOf(batch, batch.aliveRows(), keep);
  };
  return Object.assign(operatorOf(descriptor, set, pipe), { serve });
}

/**
 * Asks a predicate about documents one after the other: one byte a row of `rows`, 1 = keep. One that computes leaves
 * the thread to others between two documents: to progress, the live page, Ctrl-C, other steps.
 */
async function keptOf(batch: DocumentBatch, rows: Int32Array, keep: Predicate): Promise<ClosureAnswer> {
  const kept = new Uint8Array(rows.length);
  let began = performance.now();
  for (const [i, row] of rows.entries()) {
    if (await keep(viewOf(batch, row))) kept[i] = 1;
    began = await breathe(began);
  }
  return kept;
}

function viewOf(batch: DocumentBatch, row: number): DocumentView {
  const string = (name: string): string => stringAt(batch.utf8(name), row) ?? '';
  return {
    get id() {
      return string('id');
    },
    get text() {
      return string('text');
    },
    get domain() {
      return string('domain');
    },
    get metadata() {
      return JSON.parse(string('metadata') || '{}') as unknown;
    },
    value: (column) => numberAt(batch.number(column), row),
  };
}
