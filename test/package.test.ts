import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import * as sluice from 'sluice';
import { beforeAll, describe, expect, it } from 'vitest';
import { SLUICE_VERSION } from '../src/version.ts';
import { temporaryFolder } from './helpers/run.ts';

const root = resolve(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  exports: Record<string, string | { types: string; default: string }>;
  name: string;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
};

describe('the package', () => {
  let tarball: Uint8Array<ArrayBuffer>;
  let packed: { size: number; unpackedSize: number; files: { path: string }[] };

  beforeAll(async () => {
    const folder = await temporaryFolder();
    const out = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const listed = JSON.parse(out) as
      | Record<string, typeof packed & { filename: string }>
      | (typeof packed & { filename: string })[];
    const [entry] = Object.values(listed);
    packed = entry;
    tarball = new Uint8Array(readFileSync(join(folder, entry.filename)));
  });

  it('has the version that the code says, and pins every dependency', () => {
    expect(manifest.version).toBe(SLUICE_VERSION);
    expect(Object.values(manifest.dependencies).filter((v) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(v))).toEqual([]);
  });

  it('has every file that its exports name, and no sources', () => {
    const targets = Object.values(manifest.exports).flatMap((e) =>
      typeof e === 'string' ? [e] : [e.types, e.default],
    );
    expect(targets.filter((t) => !existsSync(join(root, t)))).toEqual([]);
    const names = packed.files.map((f) => f.path);
    expect(names).toEqual(
      expect.arrayContaining([
        'dist/cli.js',
        'dist/kernels/kernels.wasm',
        'dist/sinks/live/page/index.html',
        'dist/sinks/live/page/page.css',
        'dist/recipes/quickstart.js',
        'docs/reference.md',
        'python/sluice_filter/sluice_filter/__init__.py',
        'recipes/quickstart.ts',
        'models/prose/model.safetensors',
        'LICENSE',
        'NOTICE',
        'README.md',
      ]),
    );
    expect(names.filter((n) => n.startsWith('src/') || n.startsWith('test/'))).toEqual([]);
  });

  it('declares every package that its code asks for: an installer may hide those of others', () => {
    const names = packed.files.map((f) => f.path).filter((f) => f.startsWith('dist/') && f.endsWith('.js'));
    const asked = names.flatMap((name) => {
      const code = readFileSync(join(root, name), 'utf8');
      return [
        ...code.matchAll(/^(?:import|export)\b[^'"\n]*["']([^'"]+)["']/gm),
        ...code.matchAll(/\b__require\("([^"]+)"\)/g),
      ].map(([, from]) => from);
    });
    const packages = asked
      .filter((from) => !/^[.#]|^node:/.test(from) && !isBuiltin(from))
      .map((from) => /^(@[^/]+\/)?[^/]+/.exec(from)![0]);
    expect(packages).toContain('@duckdb/node-bindings');
    const declared = [manifest.name, ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })];
    expect([...new Set(packages)].filter((name) => !declared.includes(name))).toEqual([]);
  });

  it('is small', () => {
    // The models that ship are 6.7 MB of it: 4.8 of prose, 1.9 (packed 1.4) of languages.
    expect(packed.size).toBeLessThan(8_000_000);
    expect(packed.unpackedSize).toBeLessThan(13_000_000);
  });

  it('passes publint', async () => {
    const { messages } = await publint({ pkgDir: root, strict: true, pack: false });
    expect(messages).toEqual([]);
  });

  it('has types that resolve in ESM', async () => {
    const result = await checkPackage(createPackageFromTarballData(tarball));
    // ESM only on purpose: node10 resolution and require() are not supported.
    const problems =
      result.types === false
        ? ['no types']
        : result.problems
            .filter((p) => !('resolutionKind' in p) || !['node10', 'node16-cjs'].includes(p.resolutionKind))
            .map((p) => p.kind);
    expect(problems).toEqual([]);
  });
});

describe('the public API', () => {
  it('has these names and no others', () => {
    expect(Object.keys(sluice).sort()).toMatchInlineSnapshot(`
      [
        "ByteBudget",
        "ConfigError",
        "DOCUMENT_COLUMNS",
        "DocumentBatch",
        "FINEWEB_2_LANGUAGES",
        "GuardError",
        "InputError",
        "InvariantError",
        "SLUICE_VERSION",
        "SluiceError",
        "annotate",
        "annotator",
        "arrow",
        "as",
        "badWords",
        "c4",
        "codeRules",
        "codeStatistics",
        "continual",
        "continualPretrain",
        "custom",
        "decontaminate",
        "dedup",
        "drop",
        "external",
        "extract",
        "fasttext",
        "feedClient",
        "fineweb",
        "fineweb2Rules",
        "finewebRules",
        "float64Column",
        "gopherQuality",
        "gopherQualityRules",
        "gopherRepetition",
        "gopherRepetitionRules",
        "int32Column",
        "jsonl",
        "judge",
        "language",
        "languageRules",
        "ngramPerplexity",
        "numberAt",
        "openFeed",
        "operator",
        "parallel",
        "parquet",
        "partsRules",
        "perplexity",
        "pii",
        "pulled",
        "readDocuments",
        "recipe",
        "reference",
        "refine",
        "rephrase",
        "retain",
        "rowsInScope",
        "rule",
        "run",
        "runStats",
        "schedules",
        "select",
        "serveFeed",
        "shadow",
        "stopWords",
        "stringAt",
        "synthesize",
        "tableRules",
        "textParts",
        "textRules",
        "textStatistics",
        "toArrow",
        "tokenize",
        "tokens",
        "urlFilter",
        "utf8Column",
        "validBitmap",
        "withCreated",
        "withVerdict",
      ]
    `);
  });
});
