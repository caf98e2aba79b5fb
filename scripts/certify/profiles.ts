// Proves what the profiles `datatrove` and `dolma` compute (statistics, C4 rewrites) equal to the plain code in
// test/operators/reference on every document of the corpora: npx tsx scripts/certify/profiles.ts [--every N] [--only
// PART-OF-PATH] Corpora: $SLUICE_CORPORA, else ../shared/corpora beside the clone.
import { parseArgs } from 'node:util';
import { corporaFolder } from '../../test/helpers/corpora.ts';
import { corpusTexts } from '../../test/helpers/corpus-texts.ts';
import { differencesOf } from '../../test/operators/reference/compare.ts';

const { values: options } = parseArgs({ options: { every: { type: 'string' }, only: { type: 'string' } } });
const root = corporaFolder();
let [documents, units, differences] = [0, 0, 0];
for (const { path, texts } of root ? corpusTexts(root, options.only) : []) {
  const before = documents;
  let i = 0;
  for (const text of texts) {
    if (i++ % Number(options.every ?? 1) !== 0) continue;
    documents++;
    units += text.length;
    for (const difference of differencesOf(text)) {
      if (differences++ < 20) process.stdout.write(`${path}: ${difference}: ${JSON.stringify(text.slice(0, 80))}\n`);
    }
  }
  process.stdout.write(`${path}: ${documents - before} documents\n`);
}
process.stdout.write(`${documents} documents, ${units} code units: ${differences} differences\n`);
process.exitCode = differences === 0 && documents > 0 ? 0 : 1;
