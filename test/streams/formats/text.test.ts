import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fixture, readAll } from './read-all.ts';

describe('readText', () => {
  it('makes a file one document, named by its path, without its byte order mark', async () => {
    const paths = [
      fixture('a.md', '\ufeff# Title\n\nOne — two.\n'),
      fixture('b.py.gz', gzipSync('x = 1\n')),
      fixture('c.csv', 'a,b\n'),
    ];
    const { documents, quarantined } = await readAll(paths, { domainFrom: 'kind' });
    expect(quarantined).toEqual([]);
    expect(documents).toEqual([
      {
        file: 'a.md',
        block: 0,
        offset: 0,
        row: 0,
        id: 'a.md',
        text: '# Title\n\nOne — two.\n',
        domain: 'prose',
        metadata: '{}',
      },
      { file: 'b.py.gz', block: 0, offset: 0, row: 0, id: 'b.py.gz', text: 'x = 1\n', domain: 'code', metadata: '{}' },
      { file: 'c.csv', block: 0, offset: 0, row: 0, id: 'c.csv', text: 'a,b\n', domain: 'table', metadata: '{}' },
    ]);
  });

  it('sets aside what is not UTF-8, too large, or damaged', async () => {
    const good = 'x'.repeat(9000);
    const bad = fixture('late.txt', Buffer.concat([Buffer.from(good), Buffer.from([0xff])]));
    const large = fixture('large.txt', 'y'.repeat(20_000));
    const cut = fixture(
      'cut.txt.gz',
      gzipSync(Buffer.from(Array.from({ length: 50_000 }, (_, i) => 97 + ((i * i) % 23)))).subarray(0, -20),
    );
    const { documents, quarantined } = await readAll([bad, large, cut], { maxLineBytes: 10_000 });
    expect(documents).toEqual([]);
    expect(quarantined).toMatchObject([
      { file: 'late.txt', reason: 'invalid_utf8', bytes: 9001, excerpt: 'x'.repeat(240) },
      {
        file: 'large.txt',
        reason: 'line_too_long',
        bytes: 20_000,
        detail: 'expected a text of at most 10000 bytes, got 20000',
      },
      { file: 'cut.txt.gz', reason: 'undecodable' },
    ]);
  });
});
