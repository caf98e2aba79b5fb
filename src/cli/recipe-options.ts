import { resolve } from 'node:path';
import { ConfigError, nearestName } from '../errors.ts';
import { tokenize } from '../operators/tokenize/tokenize.ts';
import { builtInRecipes, loadRecipe } from '../recipe/loader.ts';
import { type Recipe, withSettings } from '../recipe/recipe.ts';
import { parseBytes } from '../run/options.ts';
import { safeText } from '../safe-text.ts';
import { tokens } from '../sinks/descriptors.ts';
import type { SinkDescriptor } from '../sinks/options.ts';
import { writesDocuments } from '../sinks/writers.ts';
import { ENCODING_NAMES } from '../streams/codecs/encodings.ts';
import { type ReadOptions, readOptions } from '../streams/inputs/read-options.ts';
import type { OptionSpecs, Values } from './command.ts';

type TokensSink = Extract<SinkDescriptor, { kind: 'tokens' }>;

/** Options that say what is read. */
export const readSpecs = {
  'text-field': {
    value: 'FIELD',
    help: 'Field that holds the text; dots reach into objects and lists (messages.0.content). Default text.',
  },
  'id-field': {
    value: 'FIELD',
    help: 'Field that holds the id. Default id; a document without one is named by its position, file#block.offset.',
  },
  'domain-from': {
    value: 'WHERE',
    help:
      'How to label documents by source: auto (field domain, else metadata.domain, else the path), path, ' +
      'kind (prose, code or table, by file extension), field:NAME or constant:NAME.',
  },
  format: { value: 'FORMAT', help: 'auto (default), jsonl, json (an array), csv, text, parquet, arrow or warc.' },
  encoding: {
    value: 'NAME',
    help: 'Encoding of JSON, CSV and text files. Default utf-8; utf-16, latin1, gbk, shift_jis, euc-kr, big5, ...',
  },
  columns: {
    value: 'A,B,...',
    help: 'Metadata fields to keep; others are not read. Default all; none keeps none.',
  },
  cache: {
    value: 'DIR',
    help:
      'Where objects of stores are kept for the next time, up to SLUICE_CACHE_SIZE (10GB), or off. Default: ' +
      'SLUICE_CACHE, else the cache folder of the system.',
  },
  'max-line': { value: 'SIZE', help: 'Largest text of one record; longer ones go to quarantine. Default 16MiB.' },
} as const satisfies OptionSpecs;

/** Options that say what is done; shared by `run` and `plan`. */
export const recipeSpecs = {
  input: {
    value: 'GLOB',
    many: true,
    help:
      'Files, folders or globs to read, or - for standard input; s3://bucket/prefix/*.parquet, ' +
      'https://host/file.jsonl.gz, hf://datasets/owner/name/glob. Quote globs.',
  },
  ...readSpecs,
  set: {
    value: 'STEP.OPTION=VALUE',
    many: true,
    help: 'Change one option of one step, for example gopher_quality.min_words=30.',
  },
  endpoint: {
    value: 'URL',
    help:
      'Server that writes for the steps with a generator, by the API of OpenAI: http://127.0.0.1:8000/v1. Its key ' +
      'comes from the environment variable SLUICE_API_KEY.',
  },
  model: { value: 'NAME', help: 'Model of these steps: a name at the endpoint, or without one the folder of a model.' },
  tokens: {
    value: 'TOKENIZER',
    help: 'Write the kept documents as token ids too: bytes, or a tokenizer.json or the folder of a model.',
  },
} as const satisfies OptionSpecs;

/** Takes `--cache` for this process and its threads, which know it by the environment. */
export function useCache(cache: string | undefined): void {
  if (cache !== undefined) process.env.SLUICE_CACHE = cache === 'off' ? cache : resolve(cache);
}

/** Reading options of a recipe with those of the command line over them. */
export function readOptionsFrom(values: Values<typeof readSpecs>, base: Partial<ReadOptions> = {}): ReadOptions {
  useCache(values.cache);
  const changed = {
    ...base,
    ...(values['text-field'] && { textField: values['text-field'] }),
    ...(values['id-field'] && { idField: values['id-field'] }),
    ...(values['domain-from'] && { domainFrom: values['domain-from'] }),
    ...(values.format && { format: values.format }),
    ...(values.columns !== undefined && { columns: listOf(values.columns) }),
    ...(values.encoding !== undefined && { encoding: values.encoding }),
    ...(values['max-line'] && { maxLineBytes: parseBytes(values['max-line'], '--max-line') }),
  };
  const parsed = readOptions.safeParse(changed);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = String(issue.path[0] ?? '');
  const flags: Readonly<Record<string, [keyof typeof readSpecs, string]>> = {
    domainFrom: ['domain-from', 'auto, path, kind, field:<name> or constant:<name>'],
    encoding: [
      'encoding',
      'the name of an encoding (utf-8, utf-16, latin1, gbk, shift_jis, euc-kr, big5, koi8-r, ...)',
    ],
    format: ['format', 'auto, jsonl, json, csv, text, parquet, arrow or warc'],
    maxLineBytes: ['max-line', 'a size of at least 1 KiB'],
  };
  const [flag, expected] = flags[field] ?? [field, issue.message];
  const got = (values as Readonly<Record<string, unknown>>)[flag];
  const near = field === 'encoding' ? nearestName(String(got), ENCODING_NAMES) : null;
  const fix = near === null ? undefined : `Did you mean ${near}?`;
  throw new ConfigError({ expected, got: `'${String(got)}'`, where: `--${flag}`, fix });
}

const listOf = (names: string): string[] =>
  (names === 'none' ? '' : names)
    .split(',')
    .map((n) => n.trim())
    .filter((n) => n !== '');

/** The recipe that the command line names, with its options applied. */
export async function recipeFrom(nameOrPath: string, values: Values<typeof recipeSpecs>): Promise<Recipe> {
  const loaded = await loadRecipe(nameOrPath);
  const recipe = values.tokens === undefined ? loaded : withTokens(loaded, values.tokens);
  const asking = withGenerator(recipe, { endpoint: values.endpoint, model: values.model });
  return withSettings({ ...asking, read: readOptionsFrom(values, loaded.read) }, values.set);
}

/** The endpoint and the model of the command line, for every step that has a generator. */
function withGenerator(recipe: Recipe, options: { readonly endpoint?: string; readonly model?: string }): Recipe {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  if (given.length === 0) return recipe;
  if (!recipe.steps.some((s) => s.descriptor.generates))
    throw new ConfigError({
      expected: 'a recipe with a step that has a generator (rephrase, refine)',
      got: recipe.name,
      where: `--${given[0][0]}`,
    });
  // Both at once: an endpoint without a model, or the other way round, may be what was asked for and may be not.
  const steps = recipe.steps.map((s) =>
    s.descriptor.generates ? given.reduce((step, [name, value]) => step.set(name, value!), s) : s,
  );
  return { ...recipe, steps };
}

const isTokens = (sink: SinkDescriptor): sink is TokensSink => !writesDocuments(sink);

/** A last step that counts the tokens of what is kept, exactly, and a sink that writes them; instead of its own. */
function withTokens(recipe: Recipe, tokenizer: string): Recipe {
  const before = recipe.sinks.find(isTokens);
  const sink = tokens({ ...before?.options, name: before?.name, tokenizer });
  const sinks = before ? recipe.sinks.map((s) => (s === before ? sink : s)) : [...recipe.sinks, sink];
  const steps = recipe.steps.filter((s) => s.descriptor.stage !== 'tokenize');
  return { ...recipe, steps: [...steps, tokenize({ tokenizer })], sinks };
}

/** Lines of the help that list the built-in recipes. */
export async function builtInLines(): Promise<string[]> {
  const recipes = await builtInRecipes();
  if (recipes.length === 0) return [];
  const width = Math.max(...recipes.map((r) => r.name.length));
  return ['Built-in recipes', ...recipes.map((r) => `  ${r.name.padEnd(width)}  ${safeText(r.description)}`)];
}
