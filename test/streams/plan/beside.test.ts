import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fixtureFolder, readAll } from '../formats/read-all.ts';

it('skips what is beside data or not read, with the reason; sniffs files without an extension', async () => {
  const root = fixtureFolder();
  mkdirSync(join(root, 'train'));
  const write = (name: string, content: string): void => writeFileSync(join(root, name), content, 'latin1');
  write('part-00000', '{"text": "one"}\n{"text": "two"}\n');
  write('part-00001.c000', '{"text": "three"}\n{"text": "four"}\n');
  write('_SUCCESS', '');
  write('dataset_dict.json', '{"splits": ["train"]}');
  write('train/state.json', '{\n "_split": "train"\n}');
  write('a.parquet', 'PARE\0\x15\xff..PARE');
  write('b.txt.xz', '\xfd7zXZ\0....');
  write('c.jsonl.bz2', 'BZh91AY&SY\x8e\xff..');
  write('d.txt', '\xff\xfea\0b\0');
  write('e.txt', 'PARE is a text, and not a Parquet file.');
  const { documents, plan } = await readAll(root);
  expect(documents.map((d) => d.text)).toEqual([
    'PARE is a text, and not a Parquet file.',
    'one',
    'two',
    'three',
    'four',
  ]);
  expect(plan.skipped.map((s) => [s.path, s.reason.split(':')[0]])).toEqual([
    ['_SUCCESS', 'the mark of a finished Spark or Hadoop job; holds no documents'],
    ['a.parquet', 'an encrypted Parquet file'],
    ['b.txt.xz', 'xz is not read'],
    ['c.jsonl.bz2', 'bzip2 is not read'],
    ['d.txt', 'UTF-16 is read with --encoding utf-16, or as iconv -f UTF-16 -t UTF-8 FILE makes it'],
    ['dataset_dict.json', 'describes a data set of Hugging Face datasets; holds no documents'],
    ['train/state.json', 'describes a data set of Hugging Face datasets; holds no documents'],
  ]);
});

it('skips language models in the ARPA format, and says what a glob of folders alone asks for', async () => {
  const root = fixtureFolder();
  mkdirSync(join(root, 'data/a'), { recursive: true });
  mkdirSync(join(root, 'data/b'));
  writeFileSync(join(root, 'data/a/m.arpa'), '\\data\\\nngram 1=3\n\n\\1-grams:\n');
  writeFileSync(join(root, 'data/b/t.txt'), 'A text.');
  const { documents, plan } = await readAll(join(root, 'data'));
  expect(documents.map((d) => d.text)).toEqual(['A text.']);
  expect(plan.skipped).toEqual([
    { path: 'a/m.arpa', reason: 'an n-gram model in the ARPA format; holds no documents (as a text: --format text)' },
  ]);
  const folders = await readAll(join(root, 'data/*'));
  const reason = `a folder, and the glob asks for files: write '${join(root, 'data/*')}/**', or the folder itself`;
  expect(folders.plan.skipped).toEqual([
    { path: 'a', reason },
    { path: 'b', reason },
  ]);
  // Beside files that match they are said as well.
  writeFileSync(join(root, 'data/c.txt'), 'Another text.');
  const beside = await readAll(join(root, 'data/*'));
  expect(beside.documents.map((d) => d.text)).toEqual(['Another text.']);
  expect(beside.plan.skipped).toEqual(folders.plan.skipped);
  expect((await readAll(join(root, 'data/*/**'))).documents.map((d) => d.text)).toEqual(['A text.']);
});

it.each([
  ['a.txt', '{"text":"a"}\n{"text":"b"}\n', 'jsonl'],
  ['a.csv', '{"text":"a"}\n{"text":"b"}', 'jsonl'],
  ['a.log', `{"text":"${'long '.repeat(4000)}"}\n`, 'jsonl'],
  ['a.txt', '[{"text":"a"},\n{"text":"b"}]', 'json'],
  // One line may be a text about JSON; so may lines that are no records; programs are programs.
  ['a.txt', '{"text":"a"}\n', 'text'],
  ['a.txt', '{"text":"a"}\nis how a record looks.\n', 'text'],
  ['a.txt', '[1] A note.\n[2] Another one.\n', 'text'],
  ['a.py', '{"a": 1}\n{"b": 2}\n', 'text'],
])('a file %s of %s is read as %s', async (name, content, format) => {
  const root = fixtureFolder();
  writeFileSync(join(root, name), content);
  const { plan } = await readAll(join(root, name));
  expect(plan.files.map((f) => f.format)).toEqual([format]);
  expect(plan.warnings).toEqual(format === 'text' ? [] : [`${name}: its content is ${format}; read as such`]);
});
