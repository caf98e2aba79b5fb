import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadZstdModule, type ZstdModule } from '../../../src/streams/codecs/zstd-module.ts';
import { gzipMembers, http, type MadeRecord, page, warcRecord } from '../../helpers/warc.ts';
import { fixture, readAll } from './read-all.ts';
import { html, one } from './warc/one-page.ts';

let zstd: ZstdModule;
beforeAll(async () => {
  zstd = await loadZstdModule();
});

const texts = async (records: readonly MadeRecord[]): Promise<readonly string[]> =>
  (await readAll(fixture('a.warc.gz', gzipMembers(records.map(warcRecord))))).documents.map((d) => d.text);

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
