import { Field, Float32, Int64, List, Struct, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { Table as WasmTable, writeParquet } from 'parquet-wasm/node';
import { describe, expect, it } from 'vitest';
import { keptMembers } from '../../../src/streams/formats/kept-columns.ts';
import { contents, fixture, readAll } from './read-all.ts';

const RECORDS = Array.from({ length: 40 }, (_, i) => ({
  id: `d${i}`,
  text: `Text ${i}.`,
  url: `https://example.org/${i}`,
  'odd "name"': `o${i}`,
  embedding: Array.from({ length: 8 }, (_, k) => i + k / 8),
}));
const lines = (records: readonly object[]): string => records.map((r) => `${JSON.stringify(r)}\n`).join('');
const table = (): Table => {
  const of = (name: keyof (typeof RECORDS)[number], type: unknown) =>
    vectorFromArray(RECORDS.map((r) => r[name]) as never[], type as never);
  return new Table({
    id: of('id', new Utf8()),
    text: of('text', new Utf8()),
    url: of('url', new Utf8()),
    'odd "name"': of('odd "name"', new Utf8()),
    embedding: of('embedding', new List(new Field('item', new Float32(), true))),
  } as never);
};
const parquetOf = (t: Table): Uint8Array => writeParquet(WasmTable.fromIPCStream(tableToIPC(t, 'stream')));
const csvRows = RECORDS.map((r) => `${r.id},${r.text},${r.url},${r['odd "name"']},x\n`);
const csv = `id,text,url,"odd ""name""",embedding\n${csvRows.join('')}`;
const FILES: readonly (readonly [string, () => string | Uint8Array])[] = [
  ['a.jsonl', () => lines(RECORDS)],
  ['a.json', () => JSON.stringify(RECORDS, null, 1)],
  ['a.csv', () => csv],
  ['a.parquet', () => parquetOf(table())],
  ['a.arrow', () => tableToIPC(table(), 'file')],
];

describe('columns', () => {
  it.each(FILES)('%s: only those asked for are in the metadata', async (name, content) => {
    const path = fixture(name, content());
    for (const [columns, want] of [
      [['url'], (i: number) => ({ url: RECORDS[i].url })],
      [['odd "name"', 'text', 'url'], (i: number) => ({ url: RECORDS[i].url, 'odd "name"': `o${i}` })],
      [[], () => ({})],
    ] as const) {
      const { documents, quarantined } = await readAll(path, { columns: [...columns], splitBytes: 500 });
      expect(quarantined).toEqual([]);
      expect(documents.map((d) => [d.id, d.text, JSON.parse(d.metadata)])).toEqual(
        RECORDS.map((r, i) => [r.id, r.text, want(i)]),
      );
    }
  });

  it.each(FILES)('%s: a name that no column has is refused with the nearest', async (name, content) => {
    const path = fixture(name, content());
    await expect(readAll(path, { columns: ['urls'] })).rejects.toMatchObject({
      code: 'config',
      parts: { got: 'urls', where: '--columns', fix: 'Did you mean url?' },
    });
    const far = readAll(path, { columns: ['language'] });
    if (name.startsWith('a.json'))
      expect((await far).plan.warnings).toEqual([
        'no record at the start of the input has the field language (--columns)',
      ]);
    else
      await expect(far).rejects.toMatchObject({
        parts: { fix: 'There are id, text, url, odd "name", embedding.' },
      });
  });

  it('members of an object `metadata` are named by themselves, or with it in front', async () => {
    const path = fixture('a.jsonl', lines([{ text: 'a', metadata: { url: 'u', lang: 'x', domain: 'web' }, n: 1 }]));
    for (const name of ['url', 'metadata.url']) {
      const { documents } = await readAll(path, { columns: [name] });
      expect(contents(documents)).toEqual([{ id: 'a.jsonl#0.0', text: 'a', domain: 'web', metadata: '{"url":"u"}' }]);
    }
    await expect(readAll(path, { columns: ['lan'] })).rejects.toMatchObject({ parts: { fix: 'Did you mean lang?' } });
  });

  it('of a `metadata` column in Parquet that holds JSON', async () => {
    const metadata = vectorFromArray(['{"url":"u","lang":"x"}'], new Utf8());
    const n = vectorFromArray([5n], new Int64());
    const path = fixture('a.parquet', parquetOf(new Table({ text: vectorFromArray(['t'], new Utf8()), metadata, n })));
    expect((await readAll(path, { columns: ['lang'] })).documents.map((d) => d.metadata)).toEqual(['{"lang":"x"}']);
    expect((await readAll(path, { columns: ['n'] })).documents.map((d) => d.metadata)).toEqual(['{"n":5}']);
  });

  it('keeps members as they are written', () => {
    const kept = (json: string, ...names: string[]) =>
      Buffer.from(keptMembers(Buffer.from(json), new Set(names))).toString();
    expect(kept('{"a": {"b":"}\\"{"} , "c":[1,{"a":2}],"d":1.50}', 'a', 'd')).toBe('{"a": {"b":"}\\"{"} ,"d":1.50}');
    expect(kept('{"a\\u0062":1,"\\\\":"\\\\","x":"\\\\\\""}', 'ab', '\\')).toBe('{"a\\u0062":1,"\\\\":"\\\\"}');
    expect(kept('{"é":"ü","_unread":["z"]}')).toBe('{"_unread":["z"]}');
    expect(kept('{}', 'a')).toBe('{}');
  });
});

describe('a text by its path', () => {
  const messages = [
    { role: 'user', content: 'Where is the mill?' },
    { role: 'assistant', content: 'By the river.' },
  ];
  const without = [{ role: 'user', content: 'Where is the mill?' }, { role: 'assistant' }];
  const nested = (): Table => {
    const message = new Struct([new Field('role', new Utf8()), new Field('content', new Utf8(), true)]);
    return new Table({
      id: vectorFromArray(['c1'], new Utf8()),
      messages: vectorFromArray([messages], new List(new Field('item', message, true))),
      turns: vectorFromArray([['one', 'two']], new List(new Field('item', new Utf8(), true))),
    } as never);
  };
  const record = { id: 'c1', messages, turns: ['one', 'two'] };
  it.each<[string, () => string | Uint8Array]>([
    ['a.jsonl', () => lines([record])],
    ['a.json', () => JSON.stringify([record], null, 2)],
    ['a.parquet', () => parquetOf(nested())],
    ['a.arrow', () => tableToIPC(nested(), 'file')],
  ])('%s', async (name, content) => {
    const path = fixture(name, content());
    const read = async (textField: string) => {
      const { documents, quarantined } = await readAll(path, { textField });
      return [...documents.map((d) => [d.id, d.text, JSON.parse(d.metadata)]), ...quarantined.map((q) => q.reason)];
    };
    expect(await read('messages.1.content')).toEqual([
      ['c1', 'By the river.', { messages: without, turns: ['one', 'two'] }],
    ]);
    // The others keep their places.
    expect(await read('turns.0')).toEqual([['c1', 'one', { messages, turns: [null, 'two'] }]]);
    expect(await read('messages.2.content')).toEqual(['missing_text']);
    expect(await read('messages.x')).toEqual(['missing_text']);
    expect(await read('messages.0')).toEqual(['wrong_type']);
  });

  it('a field whose whole name has the dots wins', async () => {
    const path = fixture('a.jsonl', lines([{ 'messages.0.content': 'whole', messages }, { messages }]));
    const { documents } = await readAll(path, { textField: 'messages.0.content' });
    expect(documents.map((d) => d.text)).toEqual(['whole', 'Where is the mill?']);
    const names = new Table({
      'a.0': vectorFromArray(['whole'], new Utf8()),
      a: vectorFromArray([['inside']], new List(new Field('item', new Utf8(), true))),
    } as never);
    const typed = await readAll(fixture('a.arrow', tableToIPC(names, 'file')), { textField: 'a.0' });
    expect(typed.documents.map((d) => d.text)).toEqual(['whole']);
  });
});
