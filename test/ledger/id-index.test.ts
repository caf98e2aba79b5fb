import { beforeAll, describe, expect, it } from 'vitest';
import { openRunDatabase, type RunDatabase, rowsOf } from '../../src/ledger/database.ts';
import { explainDocuments } from '../../src/ledger/explain-data.ts';
import { type IdIndex, indexIds } from '../../src/ledger/id-index.ts';
import { openRunFolder, type RunFolder } from '../../src/ledger/run-folder.ts';
import { documents, doneRun, sentences } from '../helpers/live-run.ts';

// Two ids with one hash of 32 bits.
const ALIKE = ['web-105254', 'web-177982'];

const again = (seed: number) => ({ id: `it's "twice", 水`, domain: 'web', text: sentences(6, seed) });

const alike = ALIKE.map((id, i) => ({ id, domain: 'web', text: sentences(6, 710 + i) }));

describe('the index of ids', () => {
  let folder: RunFolder;
  let db: RunDatabase;
  let ids: IdIndex;
  beforeAll(async () => {
    folder = await openRunFolder(await doneRun(documents([again(700), again(701), ...alike])));
    db = await openRunDatabase(folder);
    ids = await indexIds(folder);
    return () => db.close();
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
      expect(await ids.placesOf(db, id)).toHaveLength(1);
    }
  });

  it('knows one place of every document', async () => {
    const rows = await rowsOf(db, 'SELECT id, file, block, "offset" FROM ledger USING SAMPLE 20 ROWS (reservoir, 1)');
    for (const r of rows) {
      const places = await ids.placesOf(db, String(r.id));
      const values = [r.id, r.file, String(r.block), String(r.offset)];
      expect(places?.map((p) => p.values)).toContainEqual(values);
    }
    expect(rows).toHaveLength(20);
  });

  it('finds a document by its position where ids are asked first, and none that is not there', async () => {
    const [{ position }] = (await explainDocuments(folder, db, 'doc-0')).documents;
    const { documents } = await explainDocuments(folder, db, position, 'id or position', ids);
    expect(documents.map((d) => d.id)).toEqual(['doc-0']);
    expect(await ids.placesOf(db, 'nobody')).toEqual([]);
    await expect(explainDocuments(folder, db, 'nobody', 'id or position', ids)).rejects.toThrow("got 'nobody'");
  });
});
