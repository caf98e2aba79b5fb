import { expect, it } from 'vitest';
import { localStore } from '../../../src/files/stores/local-store.ts';
import { logKey, readLog } from '../../../src/ledger/stored/log.ts';
import { temporaryFolder } from '../../helpers/run.ts';

async function logOf(...entries: readonly string[]) {
  const place = { store: localStore(await temporaryFolder()), prefix: 'run' };
  for (const [number, entry] of entries.entries()) await place.store.put(logKey(place, number), Buffer.from(entry));
  return readLog(place);
}

const entry = (format: number, line: string): string =>
  JSON.stringify({ format, what: 'commit', attempt: 'a', line, at: '2026-01-01T00:00:00.000Z' });

it('reads entries of one line and of several', async () => {
  const { entries, next } = await logOf(entry(1, 'one\n'), entry(2, 'two\nthree\n'));
  expect(entries.map((e) => e.line).join('')).toBe('one\ntwo\nthree\n');
  expect(next).toBe(2);
});

it('refuses a format that it does not know by its number, and what is no entry', async () => {
  await expect(logOf(entry(1, 'one\n'), entry(3, 'two\n'))).rejects.toThrow(
    /000000000001\.json: expected .* of format 1 or 2, got format 3/,
  );
  for (const damaged of ['null', '{"format":', '"text"'])
    await expect(logOf(damaged)).rejects.toThrow(/got something that is no entry/);
});
