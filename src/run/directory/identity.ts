import { ConfigError } from '../../errors.ts';
import { shownUrl } from '../../files/stores/url.ts';
import { canonicalJson, listHash, xxh64Hex } from '../../hash.ts';
import { RUN_FORMAT, type RunJson } from '../../ledger/run-json.ts';
import type { ExecutorRecord } from '../../operators/perplexity/scoring-pool.ts';
import { hashesOfModules, ownModules } from '../../recipe/own-modules.ts';
import { annotationColumns, type Recipe, recipeIdentity } from '../../recipe/recipe.ts';
import { BATCH_SCHEMA_VERSION } from '../../streams/batch/batch.ts';
import type { Json } from '../../streams/operator.ts';
import type { SplitPlan } from '../../streams/plan/splits.ts';
import { SLUICE_VERSION } from '../../version.ts';
import type { RunOptions } from '../options.ts';
import { sinkPlaces } from './layout.ts';

type Identity = Omit<
  RunJson,
  'status' | 'command' | 'shardSize' | 'startedAt' | 'finishedAt' | 'seconds' | 'totals' | 'guards' | 'executors'
>;

/** What a run is: everything that decides its output, with hashes. Workers, memory and display are outside it. */
export async function identityOf(recipe: Recipe, options: RunOptions, plan: SplitPlan): Promise<{ run: Identity }> {
  const descriptors = recipe.steps.map((s) => s.descriptor);
  const modules = await hashesOfModules(ownModules(descriptors));
  const plain = recipeIdentity(recipe) as { readonly [key: string]: Json };
  const identity: Json = Object.keys(modules).length > 0 ? { ...plain, modules } : plain;
  const files = plan.files.map(({ path, size, mtimeMs, probeHash }) => ({ path, size, mtimeMs, probeHash }));
  const limits = { limit: options.limit, samplePercent: options.samplePercent };
  return {
    run: {
      format: RUN_FORMAT,
      name: recipe.name,
      sluice: SLUICE_VERSION,
      recipe: identity,
      hashes: {
        recipe: await xxh64Hex(canonicalJson({ identity: withoutPlaces(identity), limits })),
        input: await listHash(files),
        plan: await listHash(plan.splits),
      },
      versions: descriptors.flatMap((d) => d.versions),
      input: {
        patterns: (options.input ?? recipe.input).map(shownUrl),
        files: files.length,
        bytes: files.reduce((n, f) => n + f.size, 0),
      },
      limits,
      schema: { batch: BATCH_SCHEMA_VERSION, annotations: annotationColumns(descriptors) },
      sinks: sinkPlaces(recipe).map(({ name, folder, sink }) => ({ name, folder, kind: sink.kind })),
      splits: plan.splits.length,
    },
  };
}

/** run.json of a run that begins. */
export const firstStart = (identity: Identity, executors: RunJson['executors']): RunJson => ({
  ...identity,
  executors,
  status: 'running',
  startedAt: new Date().toISOString(),
  finishedAt: null,
  seconds: 0,
  totals: null,
  guards: null,
});

/** A recipe less the options of its steps and annotators that only say where something lies. */
function withoutPlaces(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map(withoutPlaces);
  const all = value as { readonly [key: string]: Json };
  const places = Array.isArray(all.places) ? (all.places as readonly string[]) : [];
  const options = Object.entries(all.options ?? {}).filter(([name]) => !places.includes(name));
  const rest = places.length > 0 ? { ...all, options: Object.fromEntries(options) as Json } : all;
  return Object.fromEntries(Object.entries(rest).map(([key, v]) => [key, withoutPlaces(v)]));
}

/** Throws when a run directory belongs to another recipe, other versions or other input, and says which. */
export function refuseOtherRun(
  path: string,
  before: RunJson,
  now: Identity,
  fresh = 'Run with --fresh to start over, or choose another folder with --output.',
): void {
  const versions = now.versions.filter((v) => !before.versions.includes(v));
  if (versions.length > 0 && before.hashes.recipe !== now.hashes.recipe) {
    throw new ConfigError({
      expected: `the rule versions of the run in this folder (${firstOf(before.versions, now.versions)})`,
      got: firstOf(versions, []),
      where: path,
      fix: fresh,
    });
  }
  if (before.hashes.recipe !== now.hashes.recipe) {
    throw new ConfigError({
      expected: 'the recipe this run was started with',
      got: `a different one: ${difference(before, now)}`,
      where: path,
      fix: fresh,
    });
  }
  if (before.hashes.input !== now.hashes.input || before.hashes.plan !== now.hashes.plan) {
    const files =
      before.input.files === now.input.files
        ? 'the same number of files, but with different contents, sizes or times'
        : `${now.input.files} files`;
    throw new ConfigError({
      expected: `the input this run was started with (${before.input.files} files, ${before.input.bytes} bytes)`,
      got: `${files}, ${now.input.bytes} bytes`,
      where: path,
      fix: fresh,
    });
  }
}

/**
 * What will compute the scores of the steps with a language model: the same as before, or the digits of one run would
 * come from two machines. Errors: ConfigError when no runtime works, or when a run goes on with another.
 */
export async function executorsOf(
  path: string,
  recipe: Recipe,
  before: RunJson | null,
): Promise<readonly ExecutorRecord[]> {
  if (before?.status === 'done') return before.executors;
  const steps = recipe.steps.map((s) => s.descriptor).filter((d) => d.models);
  if (steps.length === 0) return [];
  const { executorRecord } = await import('../../operators/perplexity/scoring-pool.ts');
  const now: ExecutorRecord[] = [];
  for (const { step, options } of steps)
    now.push(await executorRecord(step, options.executor as ExecutorRecord['executor']));
  const other = now.find((n) =>
    before?.executors.some((b) => b.step === n.step && canonicalJson({ ...b }) !== canonicalJson({ ...n })),
  );
  if (!before || !other) return now;
  const then = before.executors.find((b) => b.step === other.step)!;
  const library = then.version === other.version ? '' : ` and ${then.library} ${then.version}`;
  const can =
    then.processor === other.processor
      ? `Resume with SLUICE_EXECUTOR=${then.executor}${library}, or start`
      : 'Resume on that machine, or start';
  throw new ConfigError({
    expected: `scores from ${says(then, other)}, which scored this run so far`,
    got: says(other, then),
    where: `${path}, step ${other.step}`,
    fix: `${can} over with --fresh: executors differ in the last digits.`,
  });
}

/** A record in words; the processor only where it is another. */
const says = (r: ExecutorRecord, beside: ExecutorRecord): string =>
  `${r.library} ${r.version} ${r.provider}, ${r.precision}` +
  (r.threads === beside.threads ? '' : `, threads: ${r.threads}`) +
  (r.processor === beside.processor ? '' : `, on ${r.processor}`);

const firstOf = (names: readonly string[], except: readonly string[]): string =>
  names
    .filter((n) => !except.includes(n))
    .slice(0, 3)
    .join(', ') || 'the same names';

/** First place where two recipes differ, as a dotted path with both values. */
function difference(before: Identity, now: Identity): string {
  const found = differAt(
    { recipe: withoutPlaces(before.recipe), limits: before.limits as unknown as Json },
    { recipe: withoutPlaces(now.recipe), limits: now.limits as unknown as Json },
    '',
  );
  return found ?? 'its hash differs';
}

/** As they are given on the command line. */
const OPTIONS: Readonly<Record<string, string>> = {
  'limits.limit': '--limit',
  'limits.samplePercent': '--sample (percent)',
};

function differAt(a: Json | undefined, b: Json | undefined, path: string): string | null {
  if (canonicalJson(a ?? null) === canonicalJson(b ?? null)) return null;
  if (a && b && typeof a === 'object' && typeof b === 'object') {
    const [x, y] = [a as { [key: string]: Json }, b as { [key: string]: Json }];
    for (const key of new Set([...Object.keys(x), ...Object.keys(y)])) {
      const found = differAt(x[key], y[key], path ? `${path}.${key}` : key);
      if (found) return found;
    }
  }
  const option = OPTIONS[path];
  if (option) return `${option} was ${a === null ? 'not given' : short(a)}, is ${b === null ? 'not given' : short(b)}`;
  return `${path} was ${short(a)}, is ${short(b)}`;
}

const short = (v: Json | undefined): string => {
  const text = v === undefined ? 'absent' : JSON.stringify(v);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};
