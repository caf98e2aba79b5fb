import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDocuments } from 'sluice/streams';
import { expect, it } from 'vitest';
import { trainNgramCommand as trainNgram } from '../../../src/cli/train-ngram/train-ngram.ts';
import { lastValueFrom } from '../../../src/streams/flow/rxjs.ts';
import { jsonLines } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const documents = [0, 1, 2].map((i) => ({
  body: `A text of the mill, number ${i}.`,
  name: `d${i}`,
  book: i,
  kind: 'x',
}));

it('every command that reads says which fields of its options no record has, with the nearest', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'a.jsonl');
  writeFileSync(path, jsonLines(documents));
  const warnings: string[] = [];
  const options = {
    textField: 'bdy',
    idField: 'nam',
    domainFrom: 'field:kinds',
    fields: [{ field: 'bok', option: '--group-by' }],
    onQuarantine: () => {},
    onWarning: (text: string) => void warnings.push(text),
  };
  await lastValueFrom(readDocuments(path, options), { defaultValue: null });
  const none = 'No record at the start of the input has the field';
  expect(warnings).toEqual([
    `${none} bdy (--text-field). Did you mean body?`,
    `${none} nam (--id-field). Did you mean name?`,
    `${none} kinds (--domain-from). Did you mean kind?`,
    `${none} metadata.bok (--group-by). Did you mean book?`,
  ]);
  const args = ['--input', path, '--output', join(folder, 'm.ngram'), '--text-field', 'bdy'];
  await expect(trainNgram.run(args)).rejects.toThrow(`sluice inspect ${path}`);
});
