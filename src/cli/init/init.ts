import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';
import { ConfigError, nearestName } from '../../errors.ts';
import { builtInNames } from '../../recipe/loader.ts';
import { type Command, type OptionSpecs, parseCommandLine } from '../command.ts';
import { program } from '../program.ts';
import { shellWord } from '../terminal/format.ts';
import { standardOutput } from '../terminal/terminal.ts';

const options = {
  from: { value: 'NAME', help: 'Copies a built-in recipe, such as quickstart, to change it. See sluice run --help.' },
  js: { help: 'JavaScript (recipe.js) instead of TypeScript.' },
} as const satisfies OptionSpecs;

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
  textParts,
  textStatistics,
} from 'sluice';

// What is judged as English prose: not code, tables and other languages, which these rules would drop.
const where = { column: 'parts_kind', is: ['prose'] };

export default recipe({
  // The output goes to sluice-out/<name> unless --output names another folder.
  name: 'my-recipe',
  description: 'English prose without duplicates, fragments and very long lines.',

  // What to read when --input is not given: files, folders, globs; JSONL, Parquet, Arrow or text, plain, .gz or .zst.
  // input: ['data/*.jsonl.gz'],

  // Fields of a record: its text, its id, and its domain (a label of the source, such as web, books or code).
  read: { textField: 'text', idField: 'id', domainFrom: 'auto' },

  // Steps run in this order. The ledger keeps every value, so you can try other thresholds in SQL later.
  steps: [
    // Of identical texts the first is kept.
    dedup.exact(),

    // Annotators compute columns and drop nothing: parts_kind (prose, code, table, other_language), text_chars ...
    annotate(textParts(), textStatistics(), { step: 'measure' }),

    // \`of: 'prose'\` measures the prose of a page, not its code blocks, tables and lists: prose_gopher_word_count ...
    annotate(gopherQuality({ of: 'prose' }), { step: 'measure_prose', where }),

    // Rules drop documents and record why. A published set with one threshold changed (--set gopher.min_words=30
    // does the same).
    drop('gopher', gopherQualityRules({ of: 'prose', minWords: 20 }), { where }),

    // A rule of your own: a document is dropped when the condition is true.
    drop('lines', [rule('text_max_line_length > 20000', { name: 'max_line_length' })]),
  ],

  // Format of the kept documents: parquet(), jsonl() or arrow().
  sinks: [parquet()],

  // Share of documents you expect to drop. The run stops if more are dropped.
  expected: { all: { max: 0.6 } },
});
`;

/**
 * The recipe of that name as it stands in the package. Errors: ConfigError for another name, and for a recipe that is
 * made of another one.
 */
async function builtInSource(name: string): Promise<string> {
  const sources = new Map<string, string>();
  for (const n of builtInNames()) {
    const source = await readFile(new URL(`../../../recipes/${n}.ts`, import.meta.url), 'utf8');
    if (!source.includes("from './")) sources.set(n, source);
  }
  const names = [...sources.keys()];
  const source = sources.get(name);
  if (source !== undefined) return source;
  const near = nearestName(name, names);
  throw new ConfigError({
    expected: `a built-in recipe (${names.join(', ')})`,
    got: name,
    where: 'sluice init --from',
    fix: near ? `Did you mean ${near}?` : undefined,
  });
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('init', args, options, ['folder?']);
  const [named = '.'] = positionals;
  const isFile = /^\.m?[jt]s$/.test(extname(named));
  const folder = isFile ? dirname(named) : named;
  const recipe = values.from === undefined ? RECIPE : await builtInSource(values.from);
  const path = isFile ? named : join(folder, values.js ? 'recipe.js' : 'recipe.ts');
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST' && error.code !== 'ENOTDIR') throw error;
    throw new ConfigError({
      expected: 'a folder for the recipe',
      got: 'a file',
      where: folder,
      fix: 'Nothing was changed. Name a folder: sluice init <folder>',
    });
  });
  try {
    await writeFile(path, recipe, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new ConfigError({
      problem: 'the file already exists',
      expected: 'a folder without this file',
      got: 'a file',
      where: path,
      fix: 'Nothing was changed. Name another folder or file: sluice init <folder>',
    });
  }
  const { out, style } = standardOutput();
  const shown = shellWord(relative(process.cwd(), path) || path);
  out(`Wrote ${style.bold(shown)}. Edit it, then run it:`);
  out();
  const input = `${shown} --input 'data/*.jsonl.gz'`;
  if (/^export default reference\(/m.test(recipe)) {
    out(`  ${program()} train-reference ${input}`);
    return 0;
  }
  out(`  ${program()} plan ${input}    ${style.dim('what it would keep, how long it takes')}`);
  out(`  ${program()} run ${input}`);
  return 0;
}

export const init: Command = {
  help: {
    usage: '[folder | file.ts] [--from NAME] [--js]',
    about:
      'Writes a commented recipe to edit and run. Never overwrites a file. A recipe works in any folder, ' +
      'with or without a package.json.',
    options,
    examples: [
      ['sluice init', 'recipe.ts in this folder'],
      ['sluice init --from quickstart', 'the default recipe, to change it'],
      ['sluice init web.ts', 'under another name'],
      ['sluice init my-project --js', 'JavaScript, in another folder'],
    ],
  },
  run,
};
