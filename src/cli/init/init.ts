import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { type Command, type OptionSpecs, parseCommandLine } from '../command.ts';
import { program } from '../program.ts';
import { shellWord } from '../terminal/format.ts';
import { standardOutput } from '../terminal/terminal.ts';

const options = { js: { help: 'JavaScript (recipe.js) instead of TypeScript.' } } as const satisfies OptionSpecs;

/** Valid TypeScript and JavaScript alike. */
const RECIPE = `import {
  annotate,
  dedup,
  drop,
  gopherQuality,
  gopherQualityRules,
  parquet,
  recipe,
  rule,
  textStatistics,
} from 'sluice';

export default recipe({
  // Names the run; the output goes to sluice-out/my-recipe unless --output says otherwise.
  name: 'my-recipe',
  description: 'English prose: no copies, no fragments, no long lines.',

  // What to read when --input is not given: files, folders, globs; JSONL, Parquet, Arrow or text, plain, .gz or .zst.
  // input: ['data/*.jsonl.gz'],

  // Where a record has its text, its id and its domain (a label to count by: web, books, code ...).
  read: { textField: 'text', idField: 'id', domainFrom: 'auto' },

  // Steps run in this order. The ledger keeps every value, so thresholds can be judged afterwards.
  steps: [
    // The first of several equal texts stays.
    dedup.exact(),

    // Annotators only measure. Each writes columns: gopher_word_count, text_max_line_length ...
    annotate(gopherQuality(), textStatistics(), { step: 'measure' }),

    // Rules drop, and say why. A published set, with one threshold changed (same as --set gopher.min_words=30) ...
    drop('gopher', gopherQualityRules({ minWords: 30 })),

    // ... and one of your own: a document is dropped when the condition holds.
    // \`where\` keeps prose rules away from domains they were not made for.
    drop('lines', [rule('text_max_line_length > 20000', { name: 'max_line_length' })], {
      where: { domain: ['code'], not: true },
    }),
  ],

  // What is written of the kept documents: parquet(), jsonl() or arrow().
  sinks: [parquet()],

  // Shares left out that are no surprise; the summary speaks up outside of them.
  expected: { all: { max: 0.6 } },
});
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('init', args, options, ['folder?']);
  const folder = positionals[0] ?? '.';
  const path = join(folder, values.js ? 'recipe.js' : 'recipe.ts');
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(path, RECIPE, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new ConfigError({
      expected: 'a folder without a recipe',
      got: 'one that has it already',
      where: path,
      fix: 'Nothing was changed. Give another folder: sluice init <folder>',
    });
  }
  const { out, style } = standardOutput();
  const shown = shellWord(relative(process.cwd(), path) || path);
  out(`Wrote ${style.bold(shown)}. It runs as it is:`);
  out();
  out(`  ${program()} plan ${shown} --input 'data/*.jsonl.gz'    ${style.dim('what it would do, how long it takes')}`);
  out(`  ${program()} run ${shown} --input 'data/*.jsonl.gz'`);
  return 0;
}

export const init: Command = {
  help: {
    usage: '[folder] [--js]',
    about:
      'Writes a recipe with comments, to change and to run. Never writes over a file. A recipe works in any folder, with or without a package.json.',
    options,
    examples: [
      ['sluice init', 'recipe.ts in this folder'],
      ['sluice init my-project --js', 'JavaScript, in another folder'],
    ],
  },
  run,
};
