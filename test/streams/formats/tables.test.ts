import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { contents, fixture, readAll } from './read-all.ts';

const RECORDS = Array.from({ length: 20 }, (_, i) => ({
  id: `r${i}`,
  text: `Record ${i}, "quoted" [1] {2}\nof two lines, Żółć \\`,
  n: i,
}));
const DOCUMENTS = RECORDS.map(({ id, text, n }) => ({ id, text, domain: 'data', metadata: `{"n":${n}}` }));
const asRead = async (name: string, content: string | Uint8Array, options = {}) => {
  const { documents, quarantined } = await readAll(fixture(name, content), options);
  expect(quarantined).toEqual([]);
  return contents(documents).map((d) => {
    const { metadata, ...rest } = d as { metadata: string };
    return { ...rest, metadata: JSON.stringify(JSON.parse(metadata)) };
  });
};

describe('JSON arrays', () => {
  it.each([
    ['on one line', 'data.json', JSON.stringify(RECORDS)],
    ['pretty', 'data.json', JSON.stringify(RECORDS, null, 2)],
    [
      'pretty with CRLF and a byte order mark',
      'data.json',
      `\ufeff${JSON.stringify(RECORDS, null, 1).replaceAll('\n', '\r\n')}`,
    ],
    ['an element a line', 'data.jsonl', `[\n${RECORDS.map((r) => JSON.stringify(r)).join(',\n')}\n]\n`],
    ['an array a line', 'data.jsonl', `${JSON.stringify(RECORDS.slice(0, 7))}\n${JSON.stringify(RECORDS.slice(7))}\n`],
    ['without an extension', 'data', JSON.stringify(RECORDS)],
  ])('%s', async (_, name, content) => {
    expect(await asRead(name, content)).toEqual(DOCUMENTS);
  });

  it('packed, and longer than what is read at once', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => ({ id: `${i}`, text: `${i} `.repeat(200) }));
    const read = await asRead('data.json.gz', gzipSync(JSON.stringify(many, null, 1)));
    expect(read).toEqual(many.map((d) => ({ ...d, domain: 'data', metadata: '{}' })));
    expect(await asRead('data.json', JSON.stringify(many))).toEqual(read);
  });

  it('stands at the byte of its brace; an element that is none is named, and the rest is read', async () => {
    const content = `[ {"text": "one"}, 17, "a ] text",\n {"text": "${'x'.repeat(2000)}"},{"text":"two"}, null`;
    const { documents, quarantined } = await readAll(fixture('data.json', content), { maxLineBytes: 1024 });
    expect(documents.map((d) => [d.id, d.text])).toEqual([
      ['data.json#0.2', 'one'],
      [`data.json#0.${content.indexOf('{"text":"two"}')}`, 'two'],
    ]);
    expect(quarantined.map((q) => [q.reason, q.detail])).toEqual([
      ['wrong_type', 'expected a JSON object, got a number'],
      ['wrong_type', 'expected a JSON object, got a string'],
      ['line_too_long', 'expected a line of at most 1024 bytes, got 2012'],
      ['invalid_json', 'expected the end of the JSON array, got the end of the file'],
    ]);
  });

  it('of texts are skipped with the reason; an object over several lines too', async () => {
    const { plan } = await readAll(fixture('data.json', '["a", "b"]'));
    expect(plan.skipped.map((s) => s.reason)).toEqual([
      'a JSON array, but not of objects: write each text as {"text": ...}, one a line',
    ]);
    const lines = (way: string): string =>
      `JSON, but neither a record a line nor an array of records: make lines of it with ${way} > records.jsonl ` +
      '(as a text: --format text)';
    for (const [name, content, reason] of [
      ['data.json', '{\n "a": 1\n}', lines('jq -c . FILE')],
      ['data', '{\n "data": [\n  {\n   "text": "one"\n  }\n ]\n}', lines("jq -c '.data[]' FILE")],
      ['data', '[1,2,3]', plan.skipped[0].reason],
    ]) {
      const read = await readAll(fixture(name, content));
      expect([read.documents, read.plan.skipped.map((s) => s.reason)]).toEqual([[], [reason]]);
    }
    const [object] = (await readAll(fixture('data.json', '{\n "a": 1\n}'), { format: 'text' })).documents;
    expect(object.text).toBe('{\n "a": 1\n}');
    const prose = '[1] A note that begins with a number in brackets.';
    expect((await readAll(fixture('data', prose))).documents.map((d) => d.text)).toEqual([prose]);
    const kept = await readAll(fixture('data.json', '[{"a": 1}]'), { domainFrom: 'kind' });
    expect(kept.documents.map((d) => d.text)).toEqual(['[{"a": 1}]']);
  });
});

describe('CSV and TSV', () => {
  const quote = (s: string): string => `"${s.replaceAll('"', '""')}"`;
  const table = (delimiter: string, end: string): string =>
    [['id', 'text', 'n'], ...RECORDS.map((r) => [r.id, quote(r.text), `${r.n}`])]
      .map((fields) => fields.join(delimiter) + end)
      .join('');
  const texts = DOCUMENTS.map((d, i) => ({ ...d, metadata: `{"n":"${i}"}` }));

  it.each([
    ['commas', 'data.csv', table(',', '\n')],
    ['CRLF, a byte order mark, no last newline', 'data.csv', `\ufeff${table(',', '\r\n')}`.replace(/\r\n$/, '')],
    ['tabs', 'data.tsv', table('\t', '\n')],
    ['gzip', 'data.csv.gz', gzipSync(table(',', '\n'))],
  ])('%s', async (_, name, content) => {
    expect(await asRead(name, content)).toEqual(texts);
  });

  it.each([
    [';', "';'", 'data.csv', 'a comma'],
    ['|', "'|'", 'data.csv', 'a comma'],
    ['\t', 'a tab', 'data.csv', 'a comma'],
    [',', 'a comma', 'data.tsv', 'a tab'],
  ])('with %j for a delimiter, which is said', async (delimiter, named, name, usual) => {
    const { documents, plan, quarantined } = await readAll(fixture(name, table(delimiter, '\r\n')));
    expect(documents.map(({ id, text, metadata }) => ({ id, text, metadata }))).toEqual(
      texts.map(({ id, text, metadata }) => ({ id, text, metadata })),
    );
    expect(quarantined).toEqual([]);
    expect(plan.warnings).toEqual([
      `${name}: fields end with ${named} by its first lines, not with ${usual}; read as such`,
    ]);
  });

  it('a delimiter that does not fit every row is not taken, and said; texts with one alone are as before', async () => {
    const odd = await readAll(fixture('data.csv', 'id;text\na;one\nb;two;three\n'), { textField: 'id;text' });
    expect(odd.documents.map((d) => d.text)).toEqual(['a;one', 'b;two;three']);
    expect(odd.plan.warnings).toEqual([
      "data.csv: read as one column, for its header has no comma; it has ';', but which one ends the fields is not " +
        'clear from its first lines. Write it again with commas and quotes',
    ]);
    const plain = await readAll(fixture('data.csv', 'text\none; two\n"three\n; four"\n'));
    expect(plain.documents.map((d) => d.text)).toEqual(['one; two', 'three\n; four']);
    expect(plain.plan.warnings).toEqual([]);
  });

  it('quotes, empty fields, names that are blank or come again', async () => {
    const { documents } = await readAll(
      fixture('data.csv', ',text,a,a\n1,"say ""hi""",,x\n\n2,"","","y,z"\n3,5" disk,it"s,"\r\n"\n'),
    );
    expect(documents.map((d) => [d.text, JSON.parse(d.metadata)])).toEqual([
      ['say "hi"', { column_1: '1', a: '', a_4: 'x' }],
      ['', { column_1: '2', a: '', a_4: 'y,z' }],
      ['5" disk', { column_1: '3', a: 'it"s', a_4: '\r\n' }],
    ]);
  });

  it('names what is no row, and reads on', async () => {
    const bad = Buffer.from('id,text\na,one\nb\nc,"x"y\nd,\xff\ne,two\nf,"open\ng,lost\n', 'latin1');
    const { documents, quarantined } = await readAll(fixture('data.csv', bad));
    expect(documents.map((d) => d.text)).toEqual(['one', 'two']);
    expect(quarantined.map((q) => [q.reason, q.detail])).toEqual([
      ['invalid_csv', 'expected 2 fields as in the header, got 1'],
      ['invalid_csv', 'expected a delimiter or the end of the row after a quoted field, got more'],
      ['invalid_utf8', 'expected UTF-8, got other bytes'],
      ['invalid_csv', 'expected the quote that ends a field, got the end of the file'],
    ]);
    expect(quarantined.at(-1)).toMatchObject({ estimated: true, offset: bad.indexOf('f,"open') });
  });
});
