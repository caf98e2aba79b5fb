import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonLines } from './corpus.ts';

/** A recipe as a user writes one: copies, two measured rules, one of them for the web only. */
export const RECIPE = `import { annotate, dedup, drop, recipe, rule, textStatistics } from 'sluice';
export default recipe({
  name: 'mine',
  input: ['in/*.jsonl'],
  splitBytes: 4096,
  steps: [
    dedup.exact(),
    annotate(textStatistics(), { step: 'scores' }),
    drop('length', [rule('text_chars < 60', { name: 'min_chars' }), rule('text_chars > 5000', { name: 'max_chars' })]),
    drop('web', [rule('text_lines < 2', { name: 'min_lines' })], { where: { domain: ['web'] } }),
  ],
});
`;

export interface CliDocument {
  readonly id?: string;
  readonly text: string;
  readonly domain: string;
}

const LONG = 'The mill stands by the river, and the wheel turns as long as there is water in the channel.';

/** What the recipe above does with each: 2 kept, 1 copy, 2 too short, 1 with one line. */
export const DOCUMENTS: readonly CliDocument[] = [
  { id: 'kept-1', text: `${LONG}\nSecond line of the first.`, domain: 'web' },
  { id: 'kept-2', text: `${LONG} No second line, and no rule for books.`, domain: 'books' },
  { id: 'copy', text: `${LONG}\nSecond line of the first.`, domain: 'web' },
  { id: 'short', text: 'A text of thirty-seven characters....', domain: 'web' },
  { id: 'twice', text: 'Too short, and in the input twice.', domain: 'books' },
  { id: 'twice', text: `${LONG} One line only, which the web rule drops.`, domain: 'web' },
];

/** `in/part-000.jsonl` in a folder, and `recipe.ts` unless told otherwise. */
export async function writeProject(
  folder: string,
  { documents = DOCUMENTS as readonly object[], recipe = RECIPE, file = 'recipe.ts', raw = '' } = {},
): Promise<void> {
  await mkdir(join(folder, 'in'), { recursive: true });
  await writeFile(join(folder, 'in/part-000.jsonl'), jsonLines(documents) + raw);
  await writeFile(join(folder, file), recipe);
}

/**
 * `slow`: the first document of the first run waits for Ctrl-C (WAIT='for ctrl-c'), or for ever; three splits of 60
 * made documents.
 */
export const waitingRecipe = (more: readonly string[] = []): string => `import { custom, dedup, recipe } from 'sluice';
const interrupted = new Promise((done) => {
  if (process.env.WAIT === 'for ctrl-c') process.once('SIGINT', done);
});
let first = true;
const wait = custom('wait', 1, async () => {
  if (first && process.env.WAIT) {
    first = false;
    process.stderr.write('in work\\n');
    await interrupted;
  }
  return true;
});
export default recipe({ name: 'slow', input: ['in'], splitBytes: 16384, steps: [${['wait', ...more].join(', ')}] });
`;
