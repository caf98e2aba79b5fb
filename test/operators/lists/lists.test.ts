import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { badWords, type Operator, urlFilter } from 'sluice';
import { describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { badWordCounter } from '../../../src/operators/lists/bad-words-stage.ts';
import { entriesOf } from '../../../src/operators/lists/list-lines.ts';
import { checkLists, readUrlLists } from '../../../src/operators/lists/read-list.ts';
import { hostCutter } from '../../../src/operators/lists/suffixes.ts';
import { urlJudge } from '../../../src/operators/lists/url-filter-stage.ts';
import { makeStage } from '../../../src/operators/stages.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { batchOf } from '../../helpers/batches.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const fixtures = new URL('../../fixtures/lists', import.meta.url).pathname;
const apply = async (batch: DocumentBatch, step: Operator): Promise<DocumentBatch> =>
  (await makeStage(step.descriptor, await loadKernel())).apply(batch);
const reasons = (batch: DocumentBatch): (string | null)[] =>
  [...batch.verdicts[0].rule].map((k) => (k < 0 ? null : batch.verdicts[0].rules[k].name));
const withUrls = (urls: readonly (string | null)[]): DocumentBatch =>
  batchOf(urls.map(() => 'text')).withColumns([
    ['metadata', utf8Column(urls.map((url) => (url === null ? '{}' : JSON.stringify({ url }))))],
  ]);

describe('readUrlLists', () => {
  it('reads plain lists, hosts files, domain rules of ad blockers and folders of UT1', async () => {
    const folder = await temporaryFolder();
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const plain = write('plain', '# c\none.example\r\nTwo.example # why\nhttps://three.example/a/b/\n\n');
    const hosts = write('hosts', '127.0.0.1 localhost\n0.0.0.0 four.example\n::1 www.five.example\n');
    const adblock = write(
      'adblock',
      '[Adblock Plus 2.0]\n! t\n||six.example^\n||seven.example^$third-party\n@@||not.example^\n##.ad\n' +
        '/banner/\n||e*.x^\n||part.example^$script\n',
    );
    mkdirSync(join(folder, 'ut1/adult'), { recursive: true });
    write('ut1/adult/domains', 'eight.example\n');
    write('ut1/adult/urls', 'nine.example/rooms\n');
    const { domains, urls } = readUrlLists([plain, hosts, adblock, join(folder, 'ut1')]);
    expect([...domains].sort()).toEqual(
      ['eight', 'five', 'four', 'one', 'seven', 'six', 'two'].map((n) => `${n}.example`),
    );
    expect([...urls]).toEqual(['three.example/a/b', 'nine.example/rooms']);
    mkdirSync(join(folder, 'empty'));
    expect(() => readUrlLists([join(folder, 'empty')])).toThrow(/files named domains or urls/);
    expect(() => readUrlLists([join(folder, 'none')])).toThrow(ConfigError);
  });
});

describe('entriesOf', () => {
  it.each<[string, string[]]>([
    ['0.0.0.0 h1.example h2.example # comment', ['h1.example', 'h2.example']],
    ['127.0.0.1 localhost h3.example', ['h3.example']],
    ['.dot1.example', ['dot1.example']],
    ['end.example.', ['end.example']],
    ['address=/a.example/b.example/0.0.0.0', ['a.example', 'b.example']],
    ['address=/a.example/#', ['a.example']],
    ['address=/nas.example/192.0.2.1', []],
    ['server=/a.example/', ['a.example']],
    ['local=/a.example/', ['a.example']],
    ['server=/a.example/192.0.2.1', []],
    ['local-zone: "a.example" always_nxdomain', ['a.example']],
    ['local-zone: "a.example." redirect', ['a.example']],
    ['local-zone: "a.example" transparent', []],
    ['local-data: "a.example A 0.0.0.0"', ['a.example']],
    ['a.example CNAME .', ['a.example']],
    ['*.a.example 3600 IN CNAME *.', ['a.example']],
    ['a.example A 0.0.0.0 ; why', ['a.example']],
    ['a.example CNAME rpz-passthru.', []],
    ['24.0.2.0.192.rpz-ip CNAME .', []],
    ['@ IN SOA a.example. b.example. 1 2 3 4 5', []],
    ['; a.example', []],
    ['a.example/private', ['a.example/private']],
  ])('reads %j', (line, want) => {
    expect(entriesOf(line).map(({ host, page }) => host ?? page)).toEqual(want);
  });

  it('takes lines that are made to hold it up', () => {
    for (const part of ['a ', '/', 'address=/', '"', '.', ' #', '0.0.0.0 '])
      for (const start of ['', '0.0.0.0 ', 'address=/', 'local-zone: "', 'local-data: "', 'a '])
        expect(entriesOf(start + part.repeat(50_000)).length).toBeLessThan(50_001);
  });
});

describe('lists', () => {
  it('say how many entries they have, what is left out, and which top-level domains are listed', async () => {
    const list = join(await temporaryFolder(), 'list');
    writeFileSync(list, '# c\n0.0.0.0 a.example b.example\ncom\n@@||c.example^\n/x/\n');
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    checkLists([list]);
    checkLists([list]);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      `${list}: 3 entries, 2 lines left out (the first: "@@||c.example^"); ` +
        'a top-level domain as a whole is listed: com',
    ]);
    warn.mockRestore();
  });

  it('that match nothing are errors, and those without a list', async () => {
    const folder = await temporaryFolder();
    const write = (name: string, text: string | Uint8Array): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    for (const [text, want] of [
      ['', /0 of 0 lines of .*list are entries/],
      ['# a\n# b\n', /0 of 2 lines of .*list are entries/],
      [Buffer.from('\ufeffbad.example\n', 'utf16le'), /UTF-8, got UTF-16/],
      [Uint8Array.of(31, 139, 8, 0, 1), /UTF-8, got binary data/],
    ] as const) {
      const list = write('list', text);
      expect(() => urlFilter({ domains: [list] })).toThrow(want);
      expect(() => badWords({ lists: [list] })).toThrow(want);
    }
    expect(() => urlFilter({ words: [write('list', '--\n')] })).toThrow(/0 of 1 lines/);
    expect(() => urlFilter({})).toThrow(/a list in domains, words, softWords or subwords, got none/);
    expect(() => badWords({ lists: [] })).toThrow(/got no lists/);
  });

  it('name hosts and pages in any case, with default ports, wildcards and beyond ASCII', async () => {
    const list = join(await temporaryFolder(), 'list');
    writeFileSync(
      list,
      '\ufeff*.wild.example\n||ads.example^$third-party\nHTTPS://WWW.Page.Example:443/Private/\nb\u00fccher.example\n',
    );
    const urls = [
      'https://a.wild.example/',
      'https://x.ads.example/',
      'http://page.example:80/private/1',
      'https://page.example:8443/private/1',
      'https://xn--bcher-kva.example/',
      'https://B\u00dcCHER.example/x',
      'https://page.example/private2',
    ];
    expect(reasons(await apply(withUrls(urls), urlFilter({ domains: [list] })))).toEqual([
      'url_domain',
      'url_domain',
      'url_page',
      null,
      'url_domain',
      'url_domain',
      null,
    ]);
  });
});

describe('hostCutter', () => {
  it('cuts by the rules of the list, its wildcards and exceptions, and takes no private part', () => {
    const cut = hostCutter([`${fixtures}/suffixes`]);
    const registered = (host: string): string => cut(host).registered;
    expect(registered('a.b.co.uk')).toBe('b.co.uk');
    expect(registered('co.uk')).toBe('');
    expect(registered('x.y.z.ck')).toBe('y.z.ck');
    expect(registered('a.www.ck')).toBe('www.ck');
    expect(registered('me.blogs.example')).toBe('blogs.example');
    expect(registered('192.0.2.1')).toBe('');
    expect(registered('host.unknown')).toBe('');
  });
});

describe('urlFilter()', () => {
  const lists = { domains: [`${fixtures}/hosts`], words: [`${fixtures}/words`], softWords: [`${fixtures}/soft`] };

  it('drops by the first list that an address is on, and passes documents without one', async () => {
    const urls = [
      'https://bad.example/x',
      'http://sub.BAD.example:8080/',
      'https://ads.fine.example/x',
      'https://fine.test/the-WHEEL/',
      'https://page.test/example',
      'https://fine.test/swheels',
      'https://user:x@fine.test/?u=bad.example',
      'not an address',
      null,
      '',
    ];
    const out = await apply(withUrls(urls), urlFilter({ ...lists, subwords: [`${fixtures}/words`] }));
    expect(reasons(out)).toEqual([
      'url_domain',
      'url_domain',
      'url_host',
      'url_hard_word',
      'url_soft_words',
      'url_subword',
      ...[null, null, null, null],
    ]);
    const soft = await apply(withUrls(urls), urlFilter({ ...lists, softThreshold: 3 }));
    expect(reasons(soft)[4]).toBe(null);
  });

  it('has the rules of datatrove in its profile, case and all', async () => {
    const profile = 'datatrove' as const;
    const publicSuffixes = [`${fixtures}/suffixes`];
    const urls = [
      'https://www.bad.example/x',
      'https://ads.fine.example/x',
      'https://more.ads.fine.example/x',
      'https://BAD.example/x',
      'https://fine.com/the-wheel/',
      'https://fine.com/the-WHEEL/',
      'https://page.com/example',
      'https://fine.com/mil-l-race',
    ];
    const step = urlFilter({ ...lists, profile, publicSuffixes, subwords: [`${fixtures}/words`] });
    expect(reasons(await apply(withUrls(urls), step))).toEqual([
      'domain',
      'subdomain',
      null,
      null,
      'hard_blacklisted',
      'blacklisted_subword',
      'soft_blacklisted',
      'blacklisted_subword',
    ]);
    expect(() => urlFilter({ ...lists, profile })).toThrow(/sluice assets add public-suffix-list/);
  });

  it('says in that profile what the tool says', async () => {
    const oracle = JSON.parse(readFileSync(`${fixtures}/datatrove.json`, 'utf8')) as {
      readonly lists: { readonly [name: string]: readonly string[] };
      readonly rows: readonly (readonly [url: string, reason: string | null])[];
    };
    const folder = await temporaryFolder();
    const files = Object.entries(oracle.lists).map(([name, lines]) => {
      writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
      return [join(folder, name)];
    });
    const [domains, words, softWords, subwords] = files;
    const publicSuffixes = [`${fixtures}/suffixes`];
    const step = urlFilter({ profile: 'datatrove', domains, words, softWords, subwords, publicSuffixes });
    const said = reasons(await apply(withUrls(oracle.rows.map(([url]) => url)), step));
    expect(oracle.rows.map(([url], i) => [url, said[i]])).toEqual(oracle.rows);
  });

  it('takes addresses that are made to hold it up', () => {
    const none = {
      path: 'url',
      profile: 'sluice',
      words: [],
      softWords: [],
      subwords: [],
      publicSuffixes: [],
    } as const;
    const judge = urlJudge({ ...none, domains: [`${fixtures}/hosts`] });
    for (const part of ['a.', '/', '@', '://', '%', 'a/', '\\', '.'])
      expect(judge(`https://${part.repeat(3000)}`)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('badWords()', () => {
  it('counts words and phrases between other characters, in any case', () => {
    const count = badWordCounter({ lists: [`${fixtures}/words`], wholeWords: true });
    const of = (text: string): number => count(Buffer.from(text));
    expect(
      ['A wheel.', 'WHEEL wheel', 'wheels', '_wheel', '\u00e9wheel', 'wheel\u00e9 Mill Race', 'mill  race', ''].map(of),
    ).toEqual([1, 2, 0, 0, 0, 1, 0, 0]);
    expect(badWordCounter({ lists: [`${fixtures}/words`], wholeWords: false })(Buffer.from('xwheelx\u00e9'))).toBe(1);
    expect(of('wheel '.repeat(200_000))).toBe(200_000);
  });

  it('drops by the count, and says how to come by a list', async () => {
    const batch = batchOf(['The mill race and the wheel.', 'Nothing.', '']);
    const lists = [`${fixtures}/words`];
    expect([...(await apply(batch, badWords({ lists }))).alive]).toEqual([0, 1, 1]);
    expect([...(await apply(batch, badWords({ lists, maxCount: 2 }))).alive]).toEqual([1, 1, 1]);
    process.env.SLUICE_ASSETS = await temporaryFolder();
    expect(() => badWords({ language: 'de' })).toThrow(/sluice assets fetch bad-words-de/);
    delete process.env.SLUICE_ASSETS;
  });
});
