import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { basename, extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ConfigError, nearestName, SluiceError } from '../errors.ts';
import { isReference } from '../files/reference-record.ts';
import type { Scheduler } from '../mixture/scheduler.ts';
import { importInWorkers } from '../threads.ts';
import type { Reference } from '../training/reference.ts';
import { type Continual, isContinual } from './continual.ts';
import { ownModules } from './own-modules.ts';
import type { Recipe } from './recipe.ts';
import type { ResolveHookData } from './resolve-hook.ts';

const fromSources = import.meta.url.endsWith('.ts');
const extension = fromSources ? '.ts' : '.js';
const builtInFolder = new URL(fromSources ? '../../recipes/' : '../recipes/', import.meta.url);

/** Names of the recipes that come with Sluice. */
export function builtInNames(): string[] {
  if (!existsSync(builtInFolder)) return [];
  return readdirSync(builtInFolder)
    .filter((f) => f.endsWith(extension) && !f.endsWith('.d.ts'))
    .map((f) => f.slice(0, -extension.length))
    .sort();
}

/** Built-in recipes of `sluice run` with their descriptions, for the help. */
export async function builtInRecipes(): Promise<Recipe[]> {
  const all = await Promise.all(builtInNames().map((name) => loadDefault(name)));
  return all.map(({ found }) => found).filter(looksLikeRecipe);
}

/**
 * A recipe by the name of a built-in one, or by the path of a TypeScript or JavaScript module with a default export,
 * from any folder: a bare `sluice` in it is the running copy, installed there or not. Errors: ConfigError for an
 * unknown name (with the nearest), a module that does not load, and one without a recipe in it.
 */
export async function loadRecipe(nameOrPath: string): Promise<Recipe> {
  const { found, file, names } = await loadDefault(nameOrPath, looksLikeRecipe);
  if (looksLikeRecipe(found)) {
    const modules = ownModules(found.steps.map((s) => s.descriptor));
    if (modules.length > 0) importInWorkers(hooksForWorkers(modules));
    return found;
  }
  throw otherRecipe('recipe', found, names, file, nameOrPath);
}

/** The same for a recipe of `sluice train-reference`. */
export async function loadReference(nameOrPath: string): Promise<Reference> {
  const { found, file, names } = await loadDefault(nameOrPath, looksLikeReference);
  if (looksLikeReference(found)) return found;
  throw otherRecipe('reference', found, names, file, nameOrPath);
}

/** The same for a recipe of `sluice train`. */
export async function loadContinual(nameOrPath: string): Promise<Continual> {
  const { found, file, names } = await loadDefault(nameOrPath, isContinual);
  if (!isContinual(found)) throw otherRecipe('continual', found, names, file, nameOrPath);
  const modules = ownModules(found.steps.map((s) => s.descriptor));
  if (modules.length > 0) importInWorkers(hooksForWorkers(modules));
  return found;
}

/** Recipes by the function that makes them: what each does, its command, and how it is known. */
const SORTS = {
  recipe: { does: 'curates', command: 'run', is: looksLikeRecipe },
  reference: { does: 'trains a reference model', command: 'train-reference', is: isReference },
  continual: { does: 'trains a model on', command: 'train', is: isContinual },
} as const;

type Sort = keyof typeof SORTS;

/** The error about a module that has another sort of recipe, or none. */
function otherRecipe(
  wanted: Sort,
  found: unknown,
  names: readonly string[],
  file: string,
  nameOrPath: string,
): ConfigError {
  const other = Object.values(SORTS).find((sort) => sort.is(found));
  if (other === undefined) return noRecipe(wanted, found, names, file);
  return new ConfigError({
    expected: `a recipe that ${SORTS[wanted].does}`,
    got: `one that ${other.does}`,
    where: file,
    fix: `Run it with: sluice ${other.command} ${nameOrPath}`,
  });
}

/**
 * A mixture scheduler that a module exports as default. Errors: ConfigError for a module that is not there, does not
 * load, or exports something else.
 */
export async function loadScheduler(path: string): Promise<Scheduler> {
  if (locate(path) === null)
    throw new ConfigError({ expected: 'a module that exports a scheduler', got: `'${path}'`, where: 'scheduler' });
  const { found, file } = await loadDefault(path);
  const s = found as Partial<Scheduler> | null | undefined;
  if (typeof s?.name === 'string' && typeof s.start === 'function' && typeof s.next === 'function')
    return found as Scheduler;
  throw new ConfigError({
    expected: 'a mixture scheduler as default export: `export default temperature({ temperature: 3 })`',
    got: found === undefined ? 'no default export' : kindOf(found),
    where: file,
    fix: "Import one from 'sluice/mixture'.",
  });
}

const looksLikeReference = (value: unknown): value is Reference => isReference(value);

/**
 * The default export of a recipe module. @param fits which built-in recipes the error about an unknown name proposes
 */
async function loadDefault(nameOrPath: string, fits?: (found: unknown) => boolean) {
  const url = locate(nameOrPath) ?? (await refuseUnknown(nameOrPath, fits));
  if (fromSources || !url.href.startsWith(builtInFolder.href)) await useHooks(url.pathname.endsWith('ts'));
  const file = fileURLToPath(url);
  let module: { readonly default?: unknown };
  try {
    module = (await import(url.href)) as typeof module;
  } catch (error) {
    throw loadError(error, file);
  }
  // A CommonJS recipe compiled from `export default` has it one level down.
  const exported = module.default as { readonly default?: unknown } | undefined;
  const found = looksLikeRecipe(exported) || looksLikeReference(exported) ? exported : (exported?.default ?? exported);
  return { found, file, names: Object.keys(module) };
}

function noRecipe(maker: Sort, found: unknown, names: readonly string[], file: string): ConfigError {
  return new ConfigError({
    expected: `\`export default ${maker}({ ... })\``,
    got: found === undefined ? `no default export (only ${names.join(', ') || 'nothing'})` : kindOf(found),
    where: file,
    fix:
      `Import \`${maker}\` from 'sluice' and export its result as default; \`sluice init\` writes a recipe ` +
      'to start from.',
  });
}

function looksLikeRecipe(value: unknown): value is Recipe {
  const r = value as Partial<Recipe> | null | undefined;
  return (
    typeof r === 'object' &&
    r !== null &&
    Array.isArray(r.steps) &&
    Array.isArray(r.sinks) &&
    typeof r.read === 'object'
  );
}

const kindOf = (value: unknown): string => {
  if (value instanceof Promise) return 'a promise (export what it resolves to: `export default await ...`)';
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return `a plain object with ${Object.keys(value).join(', ') || 'no keys'} (wrap it in recipe())`;
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
};

export const isPath = (nameOrPath: string): boolean => /[\\/]/.test(nameOrPath) || /\.[cm]?[jt]s$/.test(nameOrPath);

/** Null when there is no such recipe. */
function locate(nameOrPath: string): URL | null {
  if (!isPath(nameOrPath) && builtInNames().includes(nameOrPath)) return new URL(nameOrPath + extension, builtInFolder);
  const path = resolve(nameOrPath);
  const candidates = extname(path) === '' ? [path, `${path}.ts`, `${path}.js`, `${path}.mjs`] : [path];
  const found = candidates.find((p) => existsSync(p) && statSync(p).isFile());
  if (found && /\.[cm]?[jt]s$/.test(found)) return pathToFileURL(found);
  if (found) {
    throw new ConfigError({
      expected: 'a recipe: a .ts, .js, .mts or .mjs module',
      got: basename(found),
      where: found,
    });
  }
  return null;
}

async function refuseUnknown(nameOrPath: string, fits: (found: unknown) => boolean = () => true): Promise<never> {
  const all = await Promise.all(builtInNames().map(async (name) => ({ name, ...(await loadDefault(name)) })));
  const names = all.filter(({ found }) => fits(found)).map(({ name }) => name);
  const near = nearestName(nameOrPath, names);
  throw new ConfigError({
    expected: isPath(nameOrPath)
      ? 'an existing recipe file'
      : `a recipe file, or a built-in recipe (${names.join(', ')})`,
    got: `'${nameOrPath}'`,
    where: 'recipe',
    fix: near
      ? `Did you mean ${near}?`
      : `Looked for ${resolve(nameOrPath)}. \`sluice init\` writes a recipe to start from.`,
  });
}

let typeScript: Promise<void> | null = null;

/** tsx compiles what is imported from now on; sources already run under it. */
function useTypeScript(): Promise<void> {
  typeScript ??= fromSources
    ? Promise.resolve()
    : import('tsx/esm/api').then((tsx) => {
        tsx.register();
      });
  return typeScript;
}

let registered = false;

const hook = new URL(`./resolve-hook${extension}`, import.meta.url);
const hookData: ResolveHookData = { root: new URL('..', import.meta.url).href, extension };

/**
 * What the recipe of a user needs to load: its `sluice` is the running copy. One of the build needs none of it: its
 * `sluice` is the package that it lies in. Behind hooks every module that is loaded costs a message to another thread,
 * so what recipes import is loaded before.
 */
async function useHooks(typeScript: boolean): Promise<void> {
  await import(new URL(`index${extension}`, hookData.root).href);
  if (typeScript) await useTypeScript();
  if (registered) return;
  registered = true;
  register(hook, { data: hookData });
}

/** Hooks hold for one thread only, so each worker registers them again. */
function hooksForWorkers(modules: readonly string[]): string {
  const tsx = !fromSources && modules.some((m) => m.endsWith('ts'));
  const code = [
    "import{register}from'node:module';",
    tsx ? `import{register as tsx}from${JSON.stringify(import.meta.resolve('tsx/esm/api'))};tsx();` : '',
    `register(${JSON.stringify(hook.href)},{data:${JSON.stringify(hookData)}});`,
  ];
  return `data:text/javascript,${encodeURIComponent(code.join(''))}`;
}

/** What a failed import means for the one who wrote the recipe. */
function loadError(error: unknown, file: string): ConfigError {
  const e = error as NodeJS.ErrnoException;
  if (error instanceof SluiceError) {
    return new ConfigError({ ...error.parts, where: [file, error.parts.where].filter(Boolean).join(': ') });
  }
  const missing = e.code === 'ERR_MODULE_NOT_FOUND' && /Cannot find (?:package|module) '([^']+)'/.exec(e.message);
  if (missing) {
    return new ConfigError({
      expected: `imports of ${basename(file)} that exist`,
      got: `'${missing[1]}', which is not there`,
      where: file,
      fix: /^[./]|^file:/.test(missing[1])
        ? 'Check the path; local imports are written with their extension.'
        : `Install it beside the recipe: npm install ${missing[1]}`,
      cause: error,
    });
  }
  const syntax = e.name === 'SyntaxError' || /Transform failed|Parse error/.test(e.message ?? '');
  return new ConfigError({
    expected: syntax ? 'a module without syntax errors' : 'a recipe that loads',
    got: syntax ? syntaxMessage(e, file) : `${e.name}: ${e.message}${firstFrame(e, file)}`,
    where: file,
    cause: error,
  });
}

/** The compiler has the place in its message; Node tells it only to one who asks for a check. */
function syntaxMessage(e: Error, file: string): string {
  const message = e.message.replace(/^Transform failed with \d+ errors?:\n/, '').trim();
  if (message !== e.message.trim()) return message;
  const input = readFileSync(file, 'utf8');
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const checked = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], { input, encoding: 'utf8' });
  const place = /^\[stdin\]:(\d+)\n([\s\S]*?)\n\n?SyntaxError: (.*)$/m.exec(checked.stderr ?? '');
  return place ? `${place[3]} (line ${place[1]})\n${place[2]}` : message;
}

/** The line of the recipe in a stack. */
function firstFrame(e: Error, file: string): string {
  const frame = (e.stack ?? '').split('\n').find((l) => l.includes(file));
  const line = /:(\d+):\d+\)?$/.exec(frame ?? '');
  return line ? ` (line ${line[1]})` : '';
}
