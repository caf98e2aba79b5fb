import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = resolve(import.meta.dirname, '../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((f) => f.endsWith('.ts') && !f.includes('assembly'))
  .map((f) => f.replaceAll('\\', '/'));

/**
 * Lower numbers may not import higher ones; equal numbers are siblings that may not import each other, unless they are
 * the same group.
 */
const layers: readonly (readonly [RegExp, number, string])[] = [
  [/^(errors|thread-errors|random|version|options|hash|safe-text|unicode)(\.ts|\/)/, 0, 'base'],
  [/^(kernels|files)\//, 1, 'floor'],
  [/^threads\.ts/, 1, 'floor'],
  [/^streams\//, 2, 'streams'],
  [/^models\//, 2, 'models'],
  [/^operators\//, 3, 'operators'],
  [/^mixture\//, 4, 'mixture'],
  [/^training\//, 4, 'training'],
  [/^sinks\//, 4, 'sinks'],
  [/^recipe\//, 5, 'recipe'],
  [/^ledger\//, 6, 'ledger'],
  [/^run\//, 7, 'run'],
  [/^(cli(\.ts|\/)|index\.ts|for-recipes\.ts)/, 8, 'top'],
];

function layerOf(file: string): readonly [number, string] {
  const found = layers.find(([pattern]) => pattern.test(file));
  if (!found) throw new Error(`${file} belongs to no layer: put it in one of the folders of CONTRIBUTING.md`);
  return [found[1], found[2]];
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8');
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((m) => m[1]);
  return found.map((i) => relative(src, resolve(dirname(join(src, file)), i)).replaceAll('\\', '/'));
}

/** What a file loads when it is loaded: not types, and not what it imports on demand. */
function runtimeImportsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8');
  const statements = [...text.matchAll(/^(?:import|export) (?!type )([^;]*?)from '([^']+)'/gm)];
  const bare = [...text.matchAll(/^import '([^']+)'/gm)].map((m) => m[1]);
  const onlyTypes = (names: string): boolean => /^\{(\s*type \w+( as \w+)?,?)*\s*\}\s*$/.test(names.trim());
  return [...bare, ...statements.filter(([, names]) => !onlyTypes(names)).map((m) => m[2])];
}

describe('imports', () => {
  it('point one way only', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const [layer, group] = layerOf(file);
      for (const target of importsOf(file)) {
        const [targetLayer, targetGroup] = layerOf(target);
        if (targetLayer > layer || (targetLayer === layer && targetGroup !== group)) wrong.push(`${file} -> ${target}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(files.length).toBeGreaterThan(40);
  });

  it('have no cycle between files', () => {
    const graph = new Map(files.map((f) => [f, importsOf(f).filter((i) => files.includes(i))]));
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      state.set(file, 'open');
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it('of the stages that workers load have neither zod nor rxjs', () => {
    const table = readFileSync(join(src, 'operators/stages.ts'), 'utf8');
    const stages = [...table.matchAll(/\(\) => import\('\.\/([^']+)'\)/g)].map((m) => `operators/${m[1]}`);
    const loaded = (file: string, seen: Set<string>): Set<string> => {
      if (seen.has(file)) return seen;
      seen.add(file);
      for (const name of runtimeImportsOf(file)) {
        if (!name.startsWith('.')) seen.add(name);
        else if (name.endsWith('.ts')) loaded(relative(src, resolve(dirname(join(src, file)), name)), seen);
      }
      return seen;
    };
    // RxJS is required where it is loaded, so it shows as the file that does.
    const heavy = (file: string): string[] =>
      [...loaded(file, new Set())]
        .filter((name) => /^(zod|rxjs|streams\/flow\/rxjs)\b/.test(name))
        .map((name) => `${file} -> ${name}`);
    expect(stages.length).toBeGreaterThan(20);
    expect([...stages, 'operators/stages.ts'].flatMap(heavy)).toEqual([]);
    const packages = heavy('operators/operator.ts').map((found) => /-> (?:streams\/flow\/)?(\w+)/.exec(found)![1]);
    expect([...new Set(packages)].sort()).toEqual(['rxjs', 'zod']);
  });
});

describe('steps', () => {
  it('are told apart by their effects, which one file reads', () => {
    const sorts = '(annotate|drop|rewrite|dedup|select|custom)';
    const question = new RegExp(`\\bkind [!=]== '${sorts}'|case '${sorts}':|\\.effects\\b`);
    const asks = (f: string): boolean => question.test(readFileSync(join(src, f), 'utf8'));
    // operator() passes them on to the descriptor of a step.
    const known = ['operators/operator.ts', 'streams/operator.ts'];
    expect(files.filter(asks).filter((f) => !known.includes(f))).toEqual([]);
    expect(asks('streams/operator.ts')).toBe(true);
  });
});

describe('unions', () => {
  // They have a table of functions by tag, a field of their own, or a switch that the compiler checks.
  it('are never asked for their kind, outside that file', () => {
    const asked = files.filter((f) => /\.kind ===/.test(readFileSync(join(src, f), 'utf8')));
    expect(asked.filter((f) => f !== 'streams/operator.ts')).toEqual([]);
  });
});

const linesOf = (file: string): number => readFileSync(join(src, file), 'utf8').trimEnd().split('\n').length;

describe('files', () => {
  it('have no file that everything ends up in', () => {
    const sources = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
    // Data, which a script made.
    const data = 'unicode/tables.ts';
    const long = sources.filter((f) => f.replaceAll('\\', '/') !== data && linesOf(f) > 300);
    expect(long).toEqual([]);
    const folders = readdirSync(src).filter((f) => statSync(join(src, f)).isDirectory());
    expect(folders.filter((f) => ['utils', 'common', 'core', 'types', 'helpers', 'lib'].includes(f))).toEqual([]);
  });
});

describe('errors', () => {
  /**
   * Handlers that do not look at what they caught: `catch {`, `.catch(() => ...)`, `.then(f, () => ...)`. The reason
   * stands on the line, on the one above, or as the first line of the block.
   */
  const unseen = (text: string): number[] => {
    const lines = text.split('\n');
    const blind = /\bcatch \{|\.catch\(\s*(async )?\(\) =>|\.then\(.*, (async )?\(\) =>|catchError\(\(\) =>/;
    const comment = (line: string | undefined): boolean => /(^|\s)(\/\/|\*\/)/.test(line ?? '');
    const said = (i: number): boolean =>
      comment(lines[i]) || comment(lines[i - 1]) || (/\{$/.test(lines[i]) && /^\s*\/\//.test(lines[i + 1]));
    return lines.flatMap((line, i) => (blind.test(line) && !said(i) ? [i + 1] : []));
  };

  it('are looked at by whoever catches them, or a comment says why not', () => {
    const found = files.flatMap((f) => unseen(readFileSync(join(src, f), 'utf8')).map((line) => `${f}:${line}`));
    expect(found).toEqual([]);
    // The test sees one where there is one.
    expect(unseen('try {\n  a();\n} catch {\n  return null;\n}')).toEqual([3]);
    expect(unseen('try {\n  a();\n} catch {\n  // It is not there.\n  return null;\n}')).toEqual([]);
    expect(unseen('open();\na.catch(() => {});\nb.then(c, () => undefined);')).toEqual([2, 3]);
  });
});

describe('lines', () => {
  it('are no longer than 120 columns, strings and comments included, which the formatter does not break', () => {
    // Data: tables of Unicode, fixtures, and the texts that fixtures are made of, whose line ends count.
    const made = /^(src\/unicode\/(tokenizer-)?tables\.ts|test\/fixtures\/|scripts\/make\/profile-texts\.ts)/;
    const root = resolve(src, '..');
    const long = ['src', 'test', 'scripts', 'recipes'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .map((f) => `${folder}/${f.replaceAll('\\', '/')}`)
        .filter((f) => /\.(ts|mjs|py|sh)$/.test(f) && !made.test(f))
        .flatMap((f) =>
          readFileSync(join(root, f), 'utf8')
            .split('\n')
            .flatMap((line, i) => (line.length > 120 ? [`${f}:${i + 1}`] : [])),
        ),
    );
    expect(long).toEqual([]);
  });
});
