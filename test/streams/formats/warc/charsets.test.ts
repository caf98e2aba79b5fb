import { describe, expect, it } from 'vitest';
import { http } from '../../../helpers/warc.ts';
import { one } from './one-page.ts';

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
      'UTF-8 that is called UTF-16',
      { 'Content-Type': 'text/html; charset=utf-16' },
      Buffer.from('<html>naïve'),
      'utf-8',
      '<html>naïve',
    ],
    [
      'another encoding that is called UTF-16',
      { 'Content-Type': 'text/html; charset=utf-16le' },
      latin1('<html><meta charset=windows-1251>\xc4\xe0'),
      'windows-1251',
      '<html><meta charset=windows-1251>Да',
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
