import { ConfigError } from '../errors.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { type Column, stringAt, utf8Column } from '../streams/batch/columns.ts';

/** A second step that writes the same columns for other domains fills its rows only. */
export function merged(
  batch: DocumentBatch,
  scope: Uint8Array,
  added: readonly (readonly [string, Column])[],
): [string, Column][] {
  return added.map(([name, column]) => {
    const old = batch.columns.get(name);
    return [name, old ? overlay(old, column, scope) : column];
  });
}

function overlay(old: Column, fresh: Column, scope: Uint8Array): Column {
  if (old.type === 'utf8' && fresh.type === 'utf8')
    return utf8Column(Array.from(scope, (own, i) => stringAt(own === 1 ? fresh : old, i)));
  if (old.type === 'utf8' || fresh.type === 'utf8' || old.type !== fresh.type) {
    throw new ConfigError({
      expected: `values of one type in a column written twice`,
      got: `${old.type} and ${fresh.type}`,
    });
  }
  const values = old.values.slice() as Float64Array;
  const valid = new Uint8Array((scope.length + 7) >> 3);
  for (let i = 0; i < scope.length; i++) {
    const from = scope[i] === 1 ? fresh : old;
    values[i] = from.values[i] as number;
    if (from.valid === null || from.valid[i >> 3] & (1 << (i & 7))) valid[i >> 3] |= 1 << (i & 7);
  }
  return { type: fresh.type, values, valid };
}
