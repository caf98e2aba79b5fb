import { beforeAll, describe, expect, it } from 'vitest';
import { openRunDatabase, type RunDatabase, rowsOf } from '../../src/ledger/database.ts';
import { documentsAt } from '../../src/ledger/documents-data.ts';
import { explainDocuments } from '../../src/ledger/explain-data.ts';
import { mayHold } from '../../src/ledger/group-ranges.ts';
import { hashTable } from '../../src/ledger/hash-table.ts';
import { indexLedger, type LedgerIndex, type NumberedRow } from '../../src/ledger/ledger-index.ts';
import { atPosition, ofId, POSITION } from '../../src/ledger/position.ts';
import { openRunFolder, type RunFolder } from '../../src/ledger/run-folder.ts';
import { documents, doneRun, sentences } from '../helpers/live-run.ts';

// Two ids with one hash of 32 bits.
const ALIKE = ['web-105254', 'web-177982'];

const again = (seed: number) => ({ id: `it's "twice", 水`, domain: 'web', text: sentences(6, seed) });

const alike = ALIKE.map((id, i) => ({ id, domain: 'web', text: sentences(6, 710 + i) }));

describe('the index of a ledger', () => {
  let folder: RunFolder;
  let db: RunDatabase;
  let ids: LedgerIndex;
  beforeAll(async () => {
    folder = await openRunFolder(await doneRun(documents([again(700), again(701), ...alike])));
    db = await openRunDatabase(folder);
    ids = await indexLedger(folder);
    return async () => {
      await ids.close();
      db.close();
    };
  });

  it.each(['doc-0', 'short-1', 'copy-23', 'doc-236', again(0).id])(
    'finds what the whole ledger has of %s',
    async (id) => {
      const read = await explainDocuments(folder, db, id);
      expect(read.total).toBe(id === again(0).id ? 2 : 1);
      expect(await explainDocuments(folder, db, id, 'id or position', ids)).toEqual(read);
    },
  );

  it('tells ids apart whose hashes are equal', async () => {
    const hashes = await rowsOf(db, 'SELECT DISTINCT hash(id) & 4294967295 FROM ledger WHERE id IN (?, ?)', ALIKE);
    expect(hashes).toHaveLength(1);
    for (const id of ALIKE) {
      const { documents } = await explainDocuments(folder, db, id, 'id or position', ids);
      expect(documents.map((d) => d.id)).toEqual([id]);
      expect(await ids.rowsOf(db, ofId(id))).toHaveLength(1);
    }
  });

  it('knows the row of every id and of every position, and the copies of each', async () => {
    const all = await rowsOf(db, `SELECT id, ${POSITION} AS position, duplicate_of FROM ledger`);
    const copies = new Map<unknown, number[]>();
    for (const [n, { duplicate_of: of }] of all.entries())
      if (of !== null) copies.set(of, [...(copies.get(of) ?? []), n]);
    expect(copies.size).toBe(20);
    const numbers = (rows: readonly NumberedRow[] | null) => rows?.map((r) => r.number);
    for (const [n, { id, position }] of all.entries()) {
      if (n % 40 !== 0 && !(copies.has(position) && n % 3 === 0)) continue;
      expect(numbers(await ids.rowsOf(db, ofId(String(id)), ['id']))).toContain(n);
      expect(numbers(await ids.rowsOf(db, atPosition(String(position))!, ['id']))).toEqual([n]);
      expect(numbers(await ids.copiesOf(db, String(position), ['id']))).toEqual(copies.get(position) ?? []);
    }
    const tables = await Promise.all([all.length, 20].map((rows) => hashTable(new Uint32Array(rows))));
    const forPages = ids.bytes - tables[0].bytes - tables[1].bytes;
    expect(forPages).toBeGreaterThan(0);
    expect(forPages).toBeLessThan(20_000);
  });

  it('reads rows by their numbers', async () => {
    const all = await rowsOf(db, 'SELECT id FROM ledger');
    const numbers = [243, 0, 7, 7, 120];
    const found = await documentsAt(folder, db, numbers);
    expect(found.map((d) => d.id)).toEqual([0, 7, 120, 243].map((n) => all[n].id));
    expect(await documentsAt(folder, db, numbers, ids)).toEqual(found);
    await expect(ids.at(244)).rejects.toThrow('expected a row of the ledger, got 244');
  });

  it('finds a document by its position where ids are asked first, and none that is not there', async () => {
    const [{ position }] = (await explainDocuments(folder, db, 'doc-0')).documents;
    const { documents } = await explainDocuments(folder, db, position, 'id or position', ids);
    expect(documents.map((d) => d.id)).toEqual(['doc-0']);
    expect(await ids.rowsOf(db, ofId('nobody'))).toEqual([]);
    await expect(explainDocuments(folder, db, 'nobody', 'id or position', ids)).rejects.toThrow("got 'nobody'");
  });
});

describe('a table of hashes', () => {
  it('holds six bytes a row, and says which rows have a hash, in their order', async () => {
    const hashes = Uint32Array.of(7, 0xffff0007, 7, 0xffffffff, 0, 7);
    const all = await hashTable(hashes);
    expect(all.find(7, 3)).toEqual([0, 2, 5]);
    expect(all.find(7, 2)).toBeNull();
    expect([0xffff0007, 0xffffffff, 0, 8].map((h) => all.find(h, 9))).toEqual([[1], [3], [4], []]);
    const some = await hashTable(hashes, Uint32Array.of(10, 11, 12, 13, 14, 20));
    expect(some.find(7, 3)).toEqual([10, 12, 20]);
    expect(all.bytes - (await hashTable(new Uint32Array(0))).bytes).toBe(6 * 6);
  });
});

describe('what a row group can hold', () => {
  const all = { file: ['b.jsonl', 'd.jsonl'], block: [0, 9], offset: [100, 200] } as const;
  it.each([
    ['its first place', { file: 'b.jsonl', block: 0, offset: 100 }, true],
    ['its last place', { file: 'd.jsonl', block: 9, offset: 200 }, true],
    ['a file before it', { file: 'a.jsonl', block: 0, offset: 100 }, false],
    ['a file after it, by bytes', { file: 'd.jsonl\u{10000}', block: 0, offset: 100 }, false],
    ['another block', { file: 'c.jsonl', block: 10, offset: 100 }, false],
    ['another offset', { file: 'c.jsonl', block: 1, offset: 99 }, false],
  ])('%s', (_, place, may) => {
    expect(mayHold(all, place)).toBe(may);
    expect(mayHold({ file: null, block: null, offset: null }, place)).toBe(true);
  });
});
