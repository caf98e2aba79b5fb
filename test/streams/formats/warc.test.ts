import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadZstdModule, type ZstdModule } from '../../../src/streams/codecs/zstd-module.ts';
import { gzipMembers, http, type MadeRecord, page, warcRecord } from '../../helpers/warc.ts';
import { fixture, readAll } from './read-all.ts';

let zstd: ZstdModule;
beforeAll(async () => {
  zstd = await loadZstdModule();
});

const html = (text: string): string => `<!DOCTYPE html><html><body><p>${text}</p></body></html>`;
const texts = async (records: readonly MadeRecord[]): Promise<readonly string[]> =>
  (await readAll(fixture('a.warc.gz', gzipMembers(records.map(warcRecord))))).documents.map((d) => d.text);
const one = async (content: Uint8Array, more: Partial<MadeRecord> = {}) => {
  const { documents, quarantined } = await readAll(
    fixture('a.warc.gz', gzipMembers([warcRecord({ content, ...more })])),
  );
  return { text: documents[0]?.text, metadata: JSON.parse(documents[0]?.metadata ?? '{}'), quarantined };
};

it('a response with an empty body is a document without text, wherever it stands', async () => {
  for (const packed of [false, true])
    for (let shift = 0; shift < 4; shift++) {
      const records = [page('gate'), { content: http(''), id: `2${'0'.repeat(shift)}` }, page('wheel')].map(warcRecord);
      const path = packed ? fixture('a.warc.gz', gzipMembers(records)) : fixture('a.warc', Buffer.concat(records));
      const { documents, quarantined } = await readAll(path);
      expect(quarantined).toEqual([]);
      expect(documents.map((d) => d.text)).toEqual([html('gate'), '', html('wheel')]);
    }
});

describe('records', () => {
  const records = Array.from({ length: 40 }, (_, i) =>
    warcRecord(page(`gate ${i} ${'x'.repeat(500)}`, { id: `${i}` })),
  );
  const expected = Array.from({ length: 40 }, (_, i) => html(`gate ${i} ${'x'.repeat(500)}`));

  it.each([
    ['a.warc', (r: Buffer[]) => Buffer.concat(r)],
    ['a.warc.gz', gzipMembers],
    ['one-member.warc.gz', (r: Buffer[]) => gzipSync(Buffer.concat(r))],
    ['a.warc.zst', (r: Buffer[]) => Buffer.concat(r.map((b) => zstd.compress(b, 3)))],
    ['one-frame.warc.zst', (r: Buffer[]) => zstd.compress(Buffer.concat(r), 3)],
  ])('of %s are documents, in one split and in many', async (name, pack) => {
    const path = fixture(name, pack(records));
    for (const splitBytes of [1e6, 4000]) {
      const { documents, quarantined, plan } = await readAll(path, { splitBytes });
      expect(quarantined).toEqual([]);
      expect(documents.map((d) => d.text)).toEqual(expected);
      expect(documents.map((d) => d.id)).toEqual(expected.map((_, i) => `<urn:uuid:${i}>`));
      if (splitBytes === 4000 && !name.startsWith('one')) expect(plan.splits.length).toBeGreaterThan(3);
    }
  });

  const withDictionary = fileURLToPath(new URL('../../fixtures/warc/dictionary.warc.zst', import.meta.url));
  it.each(['dictionary', 'plain-dictionary'])('of a .warc.zst with a %s at its beginning', async (name) => {
    const path = withDictionary.replace('dictionary.', `${name}.`);
    for (const splitBytes of [1e6, 4000]) {
      const { documents, quarantined, plan } = await readAll(path, { splitBytes });
      expect(quarantined).toEqual([]);
      expect(documents.map((d) => d.id)).toEqual(
        Array.from({ length: 40 }, (_, i) => `<urn:uuid:00000000-0000-4000-8000-${`${i}`.padStart(12, '0')}>`),
      );
      expect(documents.every((d, i) => d.text.includes(`<h1>Canal page ${i}</h1><p>`))).toBe(true);
      expect(documents.every((d) => d.text.endsWith('.</p></body></html>'))).toBe(true);
      expect(new Set(documents.map((d) => d.block)).size).toBe(40);
      expect(plan.splits.length > 3).toBe(splitBytes === 4000);
    }
  });

  it('that a dictionary is missing for, damaged or of another number, are refused by name', async () => {
    const whole = readFileSync(withDictionary);
    const after = 8 + whole.readUInt32LE(4);
    const bare = await readAll(fixture('bare.warc.zst', whole.subarray(after)));
    expect(bare.documents).toEqual([]);
    const way = 'zstd -dc -D DICTIONARY FILE | sluice run ... --input -';
    expect(bare.plan.skipped.map((s) => s.reason)).toEqual([
      `needs zstd dictionary 184208, which the file does not begin with: ${way}`,
    ]);
    const damaged = Buffer.from(whole);
    damaged.fill(0x55, 40, 400);
    const packed = await readAll(fixture('damaged.warc.zst', damaged));
    expect(packed.plan.skipped.map((s) => s.reason)).toEqual(['expected a packed zstd dictionary, got damage']);
    const other = readFileSync(withDictionary.replace('dictionary.', 'plain-dictionary.'));
    other.writeUInt32LE(7, 12);
    const renumbered = await readAll(fixture('other.warc.zst', other));
    expect(renumbered.plan.skipped.map((s) => s.reason)).toEqual([
      `needs zstd dictionary 184208, but the file begins with 7: ${way}`,
    ]);
    const mixed = Buffer.concat([zstd.compress(records[0], 3), whole.subarray(after)]);
    const rest = await readAll(fixture('mixed.warc.zst', mixed));
    expect(rest.documents.map((d) => d.text)).toEqual(expected.slice(0, 1));
    expect(new Set(rest.quarantined.map((q) => q.reason))).toEqual(new Set(['undecodable']));
    expect(rest.quarantined).toHaveLength(40);
  });

  it('that zeros stand for go to quarantine; a zero byte costs one record at most', async () => {
    const members = Array.from({ length: 6 }, (_, i) =>
      gzipMembers([warcRecord(page('gate '.repeat(9), { id: `${i}` }))]),
    );
    const at = members[0].length + members[1].length;
    const spoilt = (from: number, to: number): Buffer => Buffer.concat(members).fill(0, from, to);
    const read = async (bytes: Buffer) => {
      const { documents, quarantined } = await readAll(fixture('z.warc.gz', bytes));
      return { ids: documents.map((d) => d.id.slice(10, -1)).join(''), quarantined };
    };
    const all = Buffer.concat(members).length;
    const tail = await read(spoilt(at, all));
    expect(tail).toMatchObject({
      ids: '01',
      quarantined: [{ reason: 'undecodable', block: at, bytes: all - at }],
    });
    expect(tail.quarantined[0].detail).toContain(`got ${all - at} zero bytes to the end of the file`);
    for (const to of [at + 1, at + 3, at + members[2].length])
      expect(await read(spoilt(at, to))).toMatchObject({
        ids: '01345',
        quarantined: [{ reason: 'undecodable', block: at, bytes: members[2].length }],
      });
    expect(await read(Buffer.concat([members[0], Buffer.of(0), members[1]]))).toEqual({ ids: '01', quarantined: [] });
  });

  it('tell url, date, type, status, charset and digest in the metadata', async () => {
    const { metadata } = await one(http(html('The gate.'), { 'Content-Type': 'text/html' }), {
      url: 'http://mill.example/a?b="c"',
      fields: { 'WARC-Payload-Digest': 'sha1:ABC', 'WARC-Truncated': 'length' },
    });
    expect(metadata).toEqual({
      url: 'http://mill.example/a?b="c"',
      date: '2024-05-06T07:08:09Z',
      warc_type: 'response',
      content_type: 'text/html',
      http_status: 200,
      charset: 'utf-8',
      digest: 'sha1:ABC',
      truncated: 'length',
    });
  });

  it('of WET are their text', async () => {
    const record = { type: 'conversion', content: 'The gate.\nOpen.', id: '7' };
    const { documents } = await readAll(fixture('a.wet.gz', gzipMembers([warcRecord(record)])));
    expect(documents.map(({ id, text }) => [id, text])).toEqual([['<urn:uuid:7>', 'The gate.\nOpen.']]);
  });

  it('without a page are passed over', async () => {
    const image = http('\x89PNG', { 'Content-Type': 'image/png' });
    expect(
      await texts([
        { type: 'warcinfo', content: 'software: x', contentType: 'application/warc-fields' },
        { type: 'request', content: 'GET / HTTP/1.1\r\n\r\n', contentType: 'application/http; msgtype=request' },
        { content: image },
        { content: http('gone', {}, '404 Not Found') },
        page('kept'),
      ]),
    ).toEqual([html('kept')]);
  });

  it('keep the columns that are asked for', async () => {
    const path = fixture('a.warc.gz', gzipMembers([warcRecord(page('x'))]));
    const { documents } = await readAll(path, { columns: ['url'], domainFrom: 'field:http_status' });
    expect(documents.map((d) => [d.metadata, d.domain])).toEqual([['{"url":"http://mill.example/"}', '200']]);
    await expect(readAll(path, { columns: ['urll'] })).rejects.toThrow('Did you mean url?');
  });
});

describe('bodies', () => {
  const body = Buffer.from(html('Das Tor ist offen: über die Schleuse.'));
  const chunked = Buffer.concat([
    Buffer.from(`5;a=b\r\n`),
    body.subarray(0, 5),
    Buffer.from(`\r\n${(body.length - 5).toString(16)}\r\n`),
    body.subarray(5),
    Buffer.from('\r\n0\r\n\r\n'),
  ]);
  it.each([
    ['chunked', { 'Transfer-Encoding': 'chunked' }, chunked],
    ['said to be chunked, and not', { 'Transfer-Encoding': 'chunked' }, body],
    ['gzip', { 'Content-Encoding': 'gzip' }, gzipSync(body)],
    [
      'gzip in chunks',
      { 'Content-Encoding': 'gzip', 'Transfer-Encoding': 'chunked' },
      Buffer.concat([
        Buffer.from(`${gzipSync(body).length.toString(16)}\r\n`),
        gzipSync(body),
        Buffer.from('\r\n0\r\n\r\n'),
      ]),
    ],
    ['said to be gzip, and not', { 'Content-Encoding': 'gzip' }, body],
    ['deflate', { 'Content-Encoding': 'deflate' }, deflateSync(body)],
    ['raw deflate', { 'Content-Encoding': 'deflate' }, deflateRawSync(body)],
    ['br', { 'Content-Encoding': 'br' }, brotliCompressSync(body)],
    ['said to be of an unknown encoding, and text', { 'Content-Encoding': 'utf-8' }, body],
    ['with a length that lies', { 'Content-Length': '3' }, body],
  ])('%s', async (_, headers, packed) => {
    expect((await one(http(packed, { 'Content-Type': 'text/html', ...headers }))).text).toBe(body.toString());
  });

  it('of gzip that is cut off give what came', async () => {
    const long = Buffer.from(html(Array.from({ length: 4000 }, (_, i) => `gate ${i * 7919}`).join(' ')));
    const packed = gzipSync(long);
    const { text } = await one(
      http(packed.subarray(0, packed.length / 2), { 'Content-Type': 'text/html', 'Content-Encoding': 'gzip' }),
    );
    expect(long.toString().startsWith(text)).toBe(true);
    expect(text.length).toBeGreaterThan(1000);
  });

  it('in zstd are unpacked; in an encoding that is not known they are set aside', async () => {
    const headers = { 'Content-Type': 'text/html', 'Content-Encoding': 'zstd' };
    const packed = zstd.compress(body, 3);
    expect((await one(http(packed, headers))).text).toBe(body.toString());
    const other = await one(http(gzipSync(body), { ...headers, 'Content-Encoding': 'dcz' }));
    expect(other).toMatchObject({ text: undefined, quarantined: [{ reason: 'undecodable' }] });
    const cut = await one(http(packed.subarray(0, -9), headers));
    expect(cut).toMatchObject({ text: undefined, quarantined: [{ reason: 'undecodable' }] });
  });

  it.each<[string, Buffer, string]>([
    ['a PDF', Buffer.from('%PDF-1.4\nendobj '.repeat(20)), 'a PDF'],
    [
      'random bytes',
      Buffer.from(Array.from({ length: 900 }, (_, i) => (i * i * 31 + i * 7) >> 3)),
      'control characters',
    ],
    ['text among zeros', Buffer.from('<html>\0\0gate\0\0'.repeat(9)), 'control characters'],
  ])('of %s that is said to be HTML are set aside', async (_, bytes, detail) => {
    const { text, quarantined } = await one(http(bytes, { 'Content-Type': 'text/html; charset=windows-1251' }));
    expect(text).toBeUndefined();
    expect(quarantined).toMatchObject([{ reason: 'undecodable', detail: expect.stringContaining(detail) }]);
  });

  it('that are bombs are set aside', async () => {
    const bomb = gzipSync(Buffer.alloc(30e6, 0x20));
    const { quarantined } = await one(http(bomb, { 'Content-Type': 'text/html', 'Content-Encoding': 'gzip' }));
    expect(quarantined.map((q) => q.reason)).toEqual(['line_too_long']);
  });
});

describe('charsets', () => {
  it.each<[string, string, string]>([
    ['de', 'Der Müller öffnete früh die große Tür, während der Fluß über die Räder floß.', 'windows-1252'],
    ['es', 'El niño corrió mañana y pasó la montaña; también vivió allí años después.', 'windows-1252'],
    ['nl', 'Er was één molen en één café.', 'windows-1252'],
    ['', 'Die Mühle der Brüder und die Tür des Müllers.', 'windows-1252'],
    ['', 'un seul caf\u00e9 ouvert', 'windows-1252'],
  ])('of a page in %j that lies about UTF-8: %s', async (lang, text, charset) => {
    const body = Buffer.from(`<html lang="${lang}"><body>${text}`, 'latin1');
    const got = await one(http(body));
    expect(got).toMatchObject({ text: `<html lang="${lang}"><body>${text}`, metadata: { charset } });
  });

  it.each<[string, string, string]>([
    ['zh', 'b4d3c7b0d3d0d7f9c9bdc9bdc9cfd3d0d7f9c3ed', '从前有座山山上有座庙'],
    ['ja', '90cc81588b4182cc', '昔々帰の'],
    ['ko', 'bfbeb3afbfa1', '옛날에'],
    ['ru', 'cce8f0fb', 'Миры'],
  ])('of a page in %s that lies about UTF-8 stay its own', async (lang, hex, text) => {
    const body = Buffer.concat([
      Buffer.from(`<html lang="${lang}"><p>`),
      Buffer.from(hex, 'hex'),
      Buffer.from(' x</p>'),
    ]);
    expect((await one(http(body))).text).toBe(`<html lang="${lang}"><p>${text} x</p>`);
  });

  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  it.each<[string, Record<string, string>, Buffer, string, string]>([
    [
      'the mark wins',
      { 'Content-Type': 'text/html; charset=latin1' },
      Buffer.from('\ufeff<html>é'),
      'utf-8',
      '<html>é',
    ],
    [
      'HTTP before meta',
      { 'Content-Type': 'text/html; charset=iso-8859-1' },
      latin1('<html><meta charset=koi8-r>\xe9'),
      'windows-1252',
      '<html><meta charset=koi8-r>é',
    ],
    [
      'meta',
      { 'Content-Type': 'text/html' },
      latin1('<html><meta http-equiv=x content="text/html; charset=windows-1251">\xc4\xe0'),
      'windows-1251',
      '<html><meta http-equiv=x content="text/html; charset=windows-1251">Да',
    ],
    [
      'UTF-8 that is called Latin-1',
      { 'Content-Type': 'text/html; charset=latin1' },
      Buffer.from('<html>naïve'),
      'utf-8',
      '<html>naïve',
    ],
    [
      'Latin-1 that is called UTF-8',
      { 'Content-Type': 'text/html; charset=utf-8' },
      latin1('<html>na\xefve caf\xe9 cr\xe8me br\xfbl\xe9e'),
      'windows-1252',
      '<html>naïve café crème brûlée',
    ],
    [
      'Shift JIS that tells nothing',
      { 'Content-Type': 'text/html' },
      Buffer.concat([Buffer.from('<html lang="ja">'), Buffer.from('93fa967b8cea82cc83658358836782c582b78142', 'hex')]),
      'shift_jis',
      '<html lang="ja">日本語のテストです。',
    ],
    [
      'Cyrillic that tells nothing',
      { 'Content-Type': 'text/html' },
      latin1('<html>\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0 \xee\xf2\xea\xf0\xfb\xf2\xfb\xe9'),
      'windows-1251',
      '<html>Привет, мир открытый',
    ],
    [
      'UTF-16 with a mark',
      { 'Content-Type': 'text/html' },
      Buffer.from('\ufeff<html>é', 'utf16le'),
      'utf-16le',
      '<html>é',
    ],
  ])('%s', async (_, headers, body, charset, text) => {
    const got = await one(http(body, headers));
    expect([got.metadata.charset, got.text]).toEqual([charset, text]);
  });

  it('a few bad bytes are replaced and counted; a page of them is set aside', async () => {
    const few = await one(http(Buffer.concat([Buffer.from(`<html>${'é'.repeat(200)}`), Buffer.from([0xff, 0x20])])));
    expect([few.metadata.replaced, few.text]).toEqual([1, `<html>${'é'.repeat(200)}\ufffd `]);
    const bad = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i % 2 === 0 ? 0x81 : 0x20)));
    const { quarantined } = await one(http(Buffer.concat([Buffer.from('<html>'), bad])));
    expect(quarantined.map((q) => q.reason)).toEqual(['invalid_charset']);
  });
});

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

  it('a record over the limit is set aside without being held', async () => {
    const large = warcRecord(page('x'.repeat(40e6), { id: '1' }));
    const records = [warcRecord(page('a', { id: '0' })), large, warcRecord(page('c', { id: '2' }))];
    expect((await ids(gzipMembers(records))).ids).toEqual([0, 2]);
    const plain = await ids(Buffer.concat(records), 'a.warc');
    expect(plain).toEqual({ ids: [0, 2], aside: [['line_too_long', 0, records[0].length]] });
  });
});
