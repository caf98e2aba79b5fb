import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { gzipMembers, http, page, warcRecord } from '../../../helpers/warc.ts';
import { fixture, readAll } from '../read-all.ts';
import { html } from './one-page.ts';

describe('damage', () => {
  const good = Array.from({ length: 6 }, (_, i) => gzipSync(warcRecord(page(`gate ${i}`, { id: `${i}` }))));
  const ids = async (bytes: Uint8Array, name = 'a.warc.gz') => {
    const { documents, quarantined } = await readAll(fixture(name, bytes));
    return {
      ids: documents.map((d) => Number(/\d+/.exec(d.id)?.[0])),
      aside: quarantined.map((q) => [q.reason, q.block, q.offset]),
    };
  };

  it('in a member sets that record aside, and the next one is found', async () => {
    const bytes = Buffer.concat(good);
    const at = good[0].length + good[1].length;
    bytes.fill(0x55, at + 60, at + 90);
    expect(await ids(bytes)).toEqual({ ids: [0, 1, 3, 4, 5], aside: [['undecodable', at, 0]] });
  });

  it.each([1, 100, 0])(
    'of a member cut in half does not take those along that its unpacking runs on into',
    async (n) => {
      // Stored as it is: the false end is known. 0: it falls on the end of the next member, where another follows.
      const like = gzipSync(warcRecord(page('no member', { id: '7' })));
      like[like.length - 8] ^= 1;
      const content = http(Buffer.concat([Buffer.from(html('')), like, Buffer.alloc(900, 'x')]));
      const stored = gzipSync(warcRecord({ content, id: '9' }), { level: 0 });
      const cut = stored.subarray(0, -(n || good[1].length));
      const bytes = Buffer.concat([good[0], cut, ...good.slice(1)]);
      expect(cut.includes(like.subarray(0, 50))).toBe(true);
      expect(await ids(bytes)).toEqual({ ids: [0, 1, 2, 3, 4, 5], aside: [['undecodable', good[0].length, 0]] });
      const { quarantined } = await readAll(fixture('a.warc.gz', bytes));
      expect(quarantined[0]).toMatchObject({ bytes: cut.length, detail: expect.stringMatching(/^expected checksum/) });
    },
  );

  it('before a member is passed over', async () => {
    const bytes = Buffer.concat([good[0], Buffer.from('nothing of this is a member'), good[1]]);
    expect(await ids(bytes)).toEqual({ ids: [0, 1], aside: [['undecodable', good[0].length, 0]] });
  });

  it('of a file that is cut off is one record', async () => {
    const bytes = Buffer.concat(good).subarray(0, -20);
    const { quarantined } = await readAll(fixture('a.warc.gz', bytes));
    expect(quarantined.map((q) => [q.reason, q.cut])).toEqual([['undecodable', true]]);
    expect((await ids(bytes)).ids).toEqual([0, 1, 2, 3, 4]);
  });

  it.each([
    ['too short', 20],
    ['too long', 5000],
    ['no number', 'many'],
  ])('a length that is %s sets the record aside, in members and in a plain file', async (_, length) => {
    const records = [page('a', { id: '0' }), page('b', { id: '1', length }), page('c', { id: '2' })].map(warcRecord);
    const members = await ids(gzipMembers(records));
    expect(members.ids).toEqual([0, 2]);
    expect(members.aside.map(([reason]) => reason)).toEqual(['invalid_warc']);
    const plain = await ids(Buffer.concat(records), 'a.warc');
    expect(plain).toEqual({ ids: [0, 2], aside: [['invalid_warc', 0, records[0].length]] });
  });

  describe('a length that is over the limit and lies', () => {
    const records = [page('a', { id: '0' }), page('b', { id: '1', length: 99_999_999 }), page('c', { id: '2' })].map(
      warcRecord,
    );

    it('sets the record aside, in members and in a plain file', async () => {
      const members = await readAll(fixture('a.warc.gz', gzipMembers(records)));
      expect(members.quarantined.map((q) => [q.reason, q.bytes, q.rows])).toEqual([
        ['line_too_long', records[1].length, undefined],
      ]);
      expect((await ids(gzipMembers(records))).ids).toEqual([0, 2]);
      const plain = await ids(Buffer.concat(records), 'a.warc');
      expect(plain).toEqual({ ids: [0, 2], aside: [['invalid_warc', 0, records[0].length]] });
    });

    it('is found in a plain file by what stands where the record would end', async () => {
      const length = records[0].length + 20_000_000;
      const rest = Array.from({ length: 60 }, (_, i) => warcRecord(page('x'.repeat(500_000), { id: `${i + 2}` })));
      const all = [records[0], warcRecord(page('b', { id: '1', length })), ...rest];
      const plain = await ids(Buffer.concat(all), 'a.warc');
      expect(plain.aside).toEqual([['invalid_warc', 0, records[0].length]]);
      expect(plain.ids).toHaveLength(61);
    });

    it('counts what it has taken in where it ends within the one member of all records', async () => {
      const first = warcRecord(page('b', { id: '1', length: 17_500_000 }));
      const rest = Array.from({ length: 40 }, (_, i) => warcRecord(page('x'.repeat(500_000), { id: `${i + 2}` })));
      const { documents, quarantined } = await readAll(
        fixture('a.warc.gz', gzipMembers([Buffer.concat([first, ...rest])])),
      );
      expect(quarantined[0]).toMatchObject({ reason: 'line_too_long', estimated: true });
      expect(quarantined[0].rows).toBeGreaterThan(20);
      expect(documents.length).toBeGreaterThan(3);
    });

    it('says how much it has taken in where all records are one member', async () => {
      const { quarantined } = await readAll(fixture('a.warc.gz', gzipMembers([Buffer.concat(records)])));
      expect(quarantined).toMatchObject([
        { reason: 'line_too_long', bytes: records[1].length + records[2].length, rows: 2, estimated: true },
      ]);
    });
  });

  it('a record over the limit is set aside without being held', async () => {
    const large = warcRecord(page('x'.repeat(40e6), { id: '1' }));
    const records = [warcRecord(page('a', { id: '0' })), large, warcRecord(page('c', { id: '2' }))];
    expect((await ids(gzipMembers(records))).ids).toEqual([0, 2]);
    const plain = await ids(Buffer.concat(records), 'a.warc');
    expect(plain).toEqual({ ids: [0, 2], aside: [['line_too_long', 0, records[0].length]] });
  });
});
