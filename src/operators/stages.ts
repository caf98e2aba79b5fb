import { ConfigError } from '../errors.ts';
import type { Kernel } from '../kernels/kernel.ts';
import type { Barrier } from '../streams/flow/barrier.ts';
import type { ModuleExport, Stage, StepDescriptor } from '../streams/operator.ts';
import type { Services } from '../streams/services.ts';
import type { AnnotatorFactory, StageReference } from './annotator-stage.ts';
import type { StageFactory } from './stage-context.ts';

/** What a module of a stage exports: one of these, by what its step is. */
interface StageModule {
  /** What runs a step on batches. */
  readonly stage?: StageFactory;
  /** What sees every document before it decides. */
  readonly barrier?: (descriptor: StepDescriptor, kernel: Kernel) => Barrier | Promise<Barrier>;
  /** What computes columns for `annotate()`. */
  readonly annotator?: AnnotatorFactory;
}

/** Every stage, by the name that stands in descriptors; a worker loads only what its recipe runs. */
const stages = {
  annotate: () => import('./annotate-stage.ts'),
  'annotators/code-statistics': () => import('./annotators/code-statistics-stage.ts'),
  'annotators/existing': () => import('./annotators/existing-stage.ts'),
  'annotators/fasttext': () => import('./annotators/fasttext-stage.ts'),
  'annotators/language': () => import('./annotators/language-stage.ts'),
  'annotators/metadata': () => import('./annotators/metadata-stage.ts'),
  'annotators/ngram-perplexity': () => import('./annotators/ngram-perplexity-stage.ts'),
  'annotators/profiles': () => import('./annotators/profiles-stage.ts'),
  'annotators/statistics': () => import('./annotators/statistics-stage.ts'),
  'annotators/stop-words': () => import('./annotators/stop-words-stage.ts'),
  'annotators/text-parts': () => import('./annotators/text-parts-stage.ts'),
  'bad-words': () => import('./lists/bad-words-stage.ts'),
  c4: () => import('./rewrite/c4-stage.ts'),
  custom: () => import('./custom-stage.ts'),
  decontaminate: () => import('./decontaminate/decontaminate-stage.ts'),
  'dedup/bloom': () => import('./dedup/bloom-stage.ts'),
  'dedup/boilerplate': () => import('./dedup/spans/boilerplate-stage.ts'),
  'dedup/exact': () => import('./dedup/exact-stage.ts'),
  'dedup/lines': () => import('./dedup/spans/lines-stage.ts'),
  'dedup/minhash': () => import('./dedup/minhash/minhash-stage.ts'),
  'dedup/normalized': () => import('./dedup/normalized-stage.ts'),
  'dedup/paragraphs': () => import('./dedup/spans/paragraphs-stage.ts'),
  'dedup/sentences': () => import('./dedup/spans/sentences-stage.ts'),
  'dedup/substring': () => import('./dedup/spans/substring-stage.ts'),
  'dedup/url': () => import('./dedup/url-stage.ts'),
  extract: () => import('./rewrite/extract-stage.ts'),
  external: () => import('./external/external-stage.ts'),
  drop: () => import('./drop-stage.ts'),
  refine: () => import('./rewrite/refine/refine-stage.ts'),
  pii: () => import('./pii/pii-stage.ts'),
  rephrase: () => import('./create/rephrase-stage.ts'),
  perplexity: () => import('./perplexity/perplexity-stage.ts'),
  'select/buckets': () => import('./select/buckets-stage.ts'),
  'select/rank': () => import('./select/rank-stage.ts'),
  synthesize: () => import('./create/synthesize-stage.ts'),
  'url-filter': () => import('./lists/url-filter-stage.ts'),
  tokenize: () => import('./tokenize/tokenize-stage.ts'),
} satisfies { readonly [name: string]: () => Promise<StageModule> };

export type StageName = keyof typeof stages;

/** Names of all stages; for tests and messages. */
export const STAGE_NAMES = Object.keys(stages) as readonly StageName[];

/** Of the table, or of a user's module. */
async function load<R extends keyof StageModule>(
  name: string | ModuleExport,
  role: R,
): Promise<NonNullable<StageModule[R]>> {
  if (typeof name !== 'string') return exportOf(name, role);
  const found: StageModule | undefined = Object.hasOwn(stages, name) ? await stages[name as StageName]() : undefined;
  const made = found?.[role];
  if (made) return made;
  throw new ConfigError({
    expected: found ? `a ${role}` : `one of ${STAGE_NAMES.join(', ')}`,
    got: found ? `the stage ${name}, a ${Object.keys(found).join(', ')}` : `the stage ${name}`,
    where: 'step descriptor',
  });
}

/** Makes what runs a step in this thread. @param services null: nobody can be asked */
export async function makeStage(
  descriptor: StepDescriptor,
  kernel: Kernel,
  services: Services | null = null,
): Promise<Stage> {
  const stage = await load(descriptor.stage, 'stage');
  return stage(descriptor, { kernel, services, load: loadAnnotator });
}

/** Makes what decides for a barrier in this thread. */
export async function makeBarrier(descriptor: StepDescriptor, kernel: Kernel): Promise<Barrier> {
  const barrier = await load(descriptor.stage, 'barrier');
  return barrier(descriptor, kernel);
}

const loadAnnotator = (reference: StageReference): Promise<AnnotatorFactory> =>
  load('stage' in reference ? reference.stage : reference, 'annotator');

async function exportOf<R extends keyof StageModule>(
  { module, export: name }: ModuleExport,
  role: R,
): Promise<NonNullable<StageModule[R]>> {
  const loaded = (await import(module)) as { readonly [key: string]: unknown };
  if (typeof loaded[name] === 'function') return loaded[name] as NonNullable<StageModule[R]>;
  throw new ConfigError({
    expected: `an export ${name}, the function that makes the ${role}`,
    got: loaded[name] === undefined ? `only ${Object.keys(loaded).join(', ')}` : typeof loaded[name],
    where: module,
  });
}
