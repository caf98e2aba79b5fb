import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { url } from '../../../src/operators/dedup/url.ts';
import { normalUrl } from '../../../src/operators/dedup/url-normal.ts';
import { urlOptions } from '../../../src/operators/dedup/url-options.ts';
import { barrier as urlBarrier } from '../../../src/operators/dedup/url-stage.ts';
import { stringAt, type Utf8Column, utf8Column } from '../../../src/streams/batch/columns.ts';
import { type BarrierDecision, BarrierWriter } from '../../../src/streams/flow/barrier.ts';
import { batchOf } from '../../helpers/batches.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const all = urlOptions.parse({});
const none = Object.fromEntries(Object.keys(all).map((k) => [k, false])) as typeof all;

/** What each option makes of an address, all others off; and null where it changes nothing but the case of the host. */
const CASES: readonly (readonly [keyof typeof all | 'host' | 'all', string, string | null])[] = [
  ['host', 'HTTP://EXAMPLE.Org/Path?Q=1', 'http://example.org/Path?Q=1'],
  ['host', 'http://example.org./a', 'http://example.org/a'],
  ['host', '//cdn.example.org/a', '://cdn.example.org/a'],
  ['host', 'mailto:a@example.org', null],
  ['host', '/just/a/path', null],
  ['host', '', null],
  ['scheme', 'https://example.org/a', '//example.org/a'],
  ['scheme', 'http://example.org/a', '//example.org/a'],
  ['www', 'https://www.example.org/a', 'https://example.org/a'],
  ['www', 'https://www.org/a', 'https://www.org/a'],
  ['www', 'https://www2.example.org/a', 'https://www2.example.org/a'],
  ['defaultPort', 'http://example.org:80/a', 'http://example.org/a'],
  ['defaultPort', 'https://example.org:443/a', 'https://example.org/a'],
  ['defaultPort', 'https://example.org:80/a', 'https://example.org:80/a'],
  ['defaultPort', 'http://example.org:/a', 'http://example.org/a'],
  ['defaultPort', 'http://me:80@example.org:8080/a', 'http://me:80@example.org:8080/a'],
  ['trailingSlash', 'http://example.org/a/', 'http://example.org/a'],
  ['trailingSlash', 'http://example.org', 'http://example.org/'],
  ['trailingSlash', 'http://example.org/?q=1', 'http://example.org/?q=1'],
  ['fragment', 'http://example.org/a#top', 'http://example.org/a'],
  ['fragment', 'http://example.org/#!/page/2', 'http://example.org/#!/page/2'],
  ['fragment', 'http://example.org/#/page/2', 'http://example.org/#/page/2'],
  ['tracking', 'http://example.org/?utm_source=x&id=3&UTM_Medium=y&gclid=1', 'http://example.org/?id=3'],
  ['tracking', 'http://example.org/?fbclid=1', 'http://example.org/'],
  ['tracking', 'http://example.org/?utmost=1&reference=2', 'http://example.org/?utmost=1&reference=2'],
  ['session', 'http://example.org/a;jsessionid=12AB?PHPSESSID=9&b=1', 'http://example.org/a?b=1'],
  ['session', 'http://example.org/?sid=1&side=2', 'http://example.org/?side=2'],
  ['sortQuery', 'http://example.org/?b=2&a=1&b=1', 'http://example.org/?a=1&b=1&b=2'],
  ['percent', 'http://example.org/%7Ea%2fb%c3%a4', 'http://example.org/~a%2Fb%C3%A4'],
  ['percent', 'http://example.org/ä b', 'http://example.org/%C3%A4%20b'],
  ['percent', 'http://example.org/100%', 'http://example.org/100%'],
  ['all', ' HTTPS://WWW.Example.org:443/a%7Eb/;jsessionid=1?b=2&utm_campaign=x&a=1#top ', '//example.org/a~b?a=1&b=2'],
];

describe('normal address', () => {
  it.each(CASES)('%s: %s', (option, from, to) => {
    expect(normalUrl(from, option === 'all' ? all : option === 'host' ? none : { ...none, [option]: true })).toBe(to);
  });

  it('is its own normal address', () => {
    for (const [, from] of CASES) {
      const once = normalUrl(from, all);
      if (once !== null) expect(normalUrl(once, all)).toBe(once);
    }
  });
});

async function decide(splits: readonly (readonly (string | null)[])[], memory = 1e8): Promise<BarrierDecision[]> {
  const folder = await temporaryFolder();
  const barrier = urlBarrier(url({ path: 'meta.url' }).descriptor, await loadKernel());
  const files = splits.map((_, split) => ({
    split,
    spill: join(folder, `d${split}`),
    keys: join(folder, `k${split}`),
  }));
  for (const [split, urls] of splits.entries()) {
    const metadata = urls.map((u) => JSON.stringify(u === null ? { a: 1 } : { meta: { url: u } }));
    const batch = batchOf(
      urls.map(() => 'text'),
      { split, sequence: split },
    );
    const writer = await BarrierWriter.open(barrier, files[split].spill, files[split].keys);
    await writer.write(batch.withColumns([['metadata', utf8Column(metadata)]]));
    await writer.finish();
  }
  const out: BarrierDecision[] = [];
  for await (const d of barrier.decide(files, memory)) out.push(d);
  return out;
}

describe('dedup.url()', () => {
  const splits = [
    ['http://a.org/', null, 'https://www.a.org'],
    [null, 'http://b.org/x?utm_source=1', 'not an address', 'http://a.org/#top', 'http://b.org/x'],
  ];

  it('keeps the first document of an address, over splits; those without one pass', async () => {
    const [first, second] = await decide(splits);
    expect([...first.keep]).toEqual([1, 1, 0]);
    expect([...second.keep]).toEqual([1, 1, 1, 0, 0]);
    expect(first.duplicateOf).toEqual([null, null, 'test.jsonl#0.0']);
    expect(second.duplicateOf).toEqual([null, null, null, 'test.jsonl#0.0', 'test.jsonl#0.100100']);
    const normal = second.columns?.get('url_normal') as Utf8Column;
    expect([0, 1, 2, 3, 4].map((i) => stringAt(normal, i))).toEqual([null, '//b.org/x', null, '//a.org/', '//b.org/x']);
  });

  it('does not depend on memory', async () => {
    const many = [0, 1, 2].map((s) => Array.from({ length: 200 }, (_, i) => `http://a.org/${(i * (s + 7)) % 150}`));
    const [wide, narrow] = [await decide(many), await decide(many, 6400)];
    expect(narrow.map((d) => [...d.keep])).toEqual(wide.map((d) => [...d.keep]));
    expect(wide.reduce((n, d) => n + d.keep.reduce((a, b) => a + b, 0), 0)).toBe(150);
  });
});
