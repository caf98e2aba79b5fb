import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAll } from './read-all.ts';

/** Made by scripts/make/format-fixtures.py encrypted: six rows each. */
const file = (name: string): string => resolve(import.meta.dirname, `../../fixtures/encrypted/${name}.parquet`);

describe('encrypted Parquet', () => {
  it('with its footer is skipped by name', async () => {
    const { documents, plan } = await readAll(file('footer'));
    expect(documents).toEqual([]);
    expect(plan.skipped.map((s) => s.reason)).toEqual(['an encrypted Parquet file: write it again without encryption']);
  });

  it('of which the text is encrypted says so, and how many rows that are', async () => {
    const { documents, quarantined } = await readAll(file('text'));
    expect(documents).toEqual([]);
    expect(quarantined).toMatchObject([
      {
        reason: 'encrypted',
        rows: 6,
        detail:
          'expected Parquet data, got a column that is encrypted: ' +
          'column text is encrypted; write the file again without encryption',
      },
    ]);
    expect(quarantined[0].estimated).toBeUndefined();
  });

  it('of which another column is encrypted is read without that', async () => {
    const { documents, quarantined } = await readAll(file('number'));
    expect(quarantined).toEqual([]);
    expect(documents.map((d) => [d.id, d.text])).toEqual(Array.from({ length: 6 }, (_, i) => [`d${i}`, `Text ${i}.`]));
    for (const { metadata } of documents)
      expect(JSON.parse(metadata)).toEqual({
        n: null,
        _unread: ['n: column n is encrypted; write the file again without encryption'],
      });
  });
});
