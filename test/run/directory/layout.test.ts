import { annotate, jsonl, parquet, recipe, textStatistics } from 'sluice';
import { expect, it } from 'vitest';
import { sinkPlaces, tablePlaces } from '../../../src/run/directory/layout.ts';
import { ledgerSink, quarantineSink } from '../../../src/sinks/writers.ts';

const of = (names: readonly string[]) => () =>
  recipe({
    name: 'r',
    steps: [annotate(textStatistics())],
    sinks: [parquet(), ...names.map((name) => jsonl({ name }))],
  });

it.each(['documents', 'ledger', 'quarantine', 'commits', 'work', 'indexes'])(
  'a further sink called %s is refused: the rows of two tables would be one',
  (name) => {
    expect(of([name])).toThrow(/expected a further sink with a name of its own .*, got /);
  },
);

it('the first sink writes documents whatever its name, the others a folder each below sinks', () => {
  const { sinks } = recipe({
    name: 'r',
    steps: [annotate(textStatistics())],
    sinks: [jsonl({ name: 'ledger' }), parquet()],
  });
  const places = (all: ReturnType<typeof sinkPlaces>) => all.map(({ name, folder }) => `${name} in ${folder}`);
  expect(places(sinkPlaces({ sinks }))).toEqual(['documents in documents', 'parquet in sinks/parquet']);
  expect(tablePlaces({ sinks }).slice(2)).toEqual([
    { name: 'ledger', folder: 'ledger', sink: ledgerSink },
    { name: 'quarantine', folder: 'quarantine', sink: quarantineSink },
  ]);
});
