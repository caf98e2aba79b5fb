// The stage of `partition()`, as a user writes one: a module that workers import by its URL.
import { judge, withVerdict } from 'sluice/operators';
import { int32Column, rowsInScope, stringAt, utf8Column, withCreated } from 'sluice/streams';

/** One document a paragraph; a copy of the first; the first two joined; and the whole goes, by its rule. */
export function partition({ step, rules, where, effects, options }) {
  return {
    apply(batch) {
      const scope = rowsInScope(batch, where);
      const parts = Array.from({ length: batch.rows }, (_, row) =>
        scope[row] === 1 ? batch.text(row).split('\n\n') : null,
      );
      const counts = int32Column(Float64Array.from(parts, (p) => p?.length ?? Number.NaN));
      const counted = batch.withColumns([['partition_parts', counts]]);
      const judged = effects.drops ? withVerdict(counted, judge(counted, step, rules, scope)) : counted;
      const rows = parts.flatMap((p, row) =>
        p && p.length >= options.minParts ? p.map((text) => ({ row, text })) : [],
      );
      if (rows.length === 0) return judged;
      const split = withCreated(judged, {
        parent: Int32Array.from(rows, ({ row }) => row),
        columns: new Map([['text', utf8Column(rows.map(({ text }) => text))]]),
      });
      return withPairs(split);
    },
  };
}

/** Of every document that was just split: a copy of its first part, and its first two parts joined. */
function withPairs(batch) {
  const derived = batch.utf8('derived');
  const pairs = [];
  for (let row = 1; row < batch.rows; row++) {
    const [first, second] = [stringAt(derived, row - 1), stringAt(derived, row)];
    if (batch.alive[row - 1] === 0 || !/(^|\.)1$/.test(first ?? '')) continue;
    if (second === first.replace(/1$/, '2')) pairs.push([row - 1, row]);
  }
  const texts = pairs.flatMap(([a, b]) => [batch.text(a), `${batch.text(a)}\n${batch.text(b)}`]);
  return withCreated(batch, {
    parent: Int32Array.from(pairs.flatMap(([a]) => [a, a])),
    parents: pairs.flatMap(([a, b]) => [[a], [a, b]]),
    columns: new Map([['text', utf8Column(texts)]]),
    generator: pairs.flatMap(() => [null, 'joiner']),
    promptHash: pairs.flatMap(() => [null, '00ff']),
    cost: Float64Array.from(pairs.flatMap(() => [Number.NaN, 0.25])),
  });
}
