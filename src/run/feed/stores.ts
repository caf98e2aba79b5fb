import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isUrl } from '../../files/stores/url.ts';
import { isFleet } from '../../ledger/fleet-commits.ts';
import { type RunJson, readRunJson } from '../../ledger/run-json.ts';
import { folderOfFinished } from '../../ledger/stored/finished.ts';
import { shellWord } from '../../safe-text.ts';
import type { SinkDescriptor } from '../../sinks/options.ts';
import { checkFiles } from '../../streams/commits/damage.ts';
import { splitPhase } from '../../streams/commits/phase.ts';
import { type CommitStore, readCommitStore } from '../../streams/commits/store.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { phasesOf } from '../../streams/split/phases.ts';
import type { TokenSplit } from '../../streams/tokens/split-index.ts';
import type { TokenVocabulary } from '../../streams/tokens/token-kind.ts';

/** A store of tokens in a run directory: finished, or one that a run is still writing. */
interface Store {
  /** As it is shown: an absolute path, or an address. */
  readonly name: string;
  readonly path: string;
  readonly sink: string;
  readonly tokenizer: string;
  readonly vocabulary: TokenVocabulary;
  readonly lastPhase: number;
  /** Before the names of its domains. */
  readonly prefix: string;
  run: RunJson;
  commits: CommitStore;
  /** Size of commits.jsonl when it was read last. */
  seen: number;
}

/** The splits of one or several stores, the first store's first, as far as they are committed without a gap. */
export interface Stores {
  /** As they are shown: absolute paths, and addresses. */
  readonly paths: readonly string[];
  readonly tokenizer: string;
  readonly vocabulary: TokenVocabulary;
  /** Of the recipe and the input of each run: with other ones the sequences are others. */
  readonly hashes: readonly string[];
  readonly splits: readonly (TokenSplit | null)[];
  /** Splits that the runs have planned. */
  readonly planned: number;
  /** No split will follow. */
  readonly done: boolean;
  /** Looks whether something was committed since. */
  refresh(): Promise<boolean>;
}

/**
 * Opens the token stores of run directories. Errors: ConfigError for a folder that is no run or has no tokens, and for
 * stores of different tokenizers; InputError for files that are not as they were committed.
 * @param sink name of the sink, where a run has several
 * @param prefixes of the names of domains, by folder; default none
 */
export async function openStores(
  folders: readonly string[],
  sink: string | null = null,
  prefixes: ReadonlyMap<string, string> = new Map(),
): Promise<Stores> {
  const stores: Store[] = [];
  for (const folder of folders) stores.push({ ...(await openStore(folder, sink)), prefix: prefixes.get(folder) ?? '' });
  const [first] = stores;
  const twice = stores.find((s, i) => stores.findIndex((o) => o.path === s.path) !== i);
  if (twice)
    throw new ConfigError({
      expected: 'every run once',
      got: 'one that is named twice',
      where: twice.name,
      fix: 'To draw its documents more often, give weights.',
    });
  const other = stores.find((s) => JSON.stringify(s.vocabulary) !== JSON.stringify(first.vocabulary));
  if (other)
    throw new ConfigError({
      expected: `tokens of one tokenizer: ${shown(first)}`,
      got: `${shown(other)} in ${other.name}`,
      where: first.name,
      fix: 'Tokenise both with the same tokenizer, and the same end of text.',
    });
  let known = prefixOf(stores);
  return {
    paths: stores.map((s) => s.name),
    tokenizer: first.tokenizer,
    vocabulary: first.vocabulary,
    hashes: stores.map(({ run }) => `${run.hashes.recipe} ${run.hashes.input} ${run.hashes.plan}`),
    get splits() {
      return known.splits;
    },
    get done() {
      return known.done;
    },
    get planned() {
      return stores.reduce((n, s) => n + s.run.splits, 0);
    },
    async refresh() {
      if (known.done) return false;
      let changed = false;
      for (const store of stores) changed = (await readAgain(store)) || changed;
      const before = known;
      if (changed) known = prefixOf(stores);
      return known.splits.length !== before.splits.length || known.done !== before.done;
    },
  };
}

const shown = ({ tokenizer, vocabulary }: Pick<Store, 'tokenizer' | 'vocabulary'>): string =>
  `${tokenizer} (hash ${vocabulary.hash}, ${vocabulary.size} ids, ends with ${vocabulary.endOfText ?? 'nothing'})`;

/** The command that makes token ids of the documents of a run. */
const tokensOf = (path: string): string =>
  `sluice run tokens --tokens bytes --input ${shellWord(path)} --output ${shellWord(`${path}-tokens`)}`;

async function openStore(given: string, wanted: string | null): Promise<Omit<Store, 'prefix'>> {
  const path = isUrl(given) ? await folderOfFinished(given, 'a reader of tokens') : resolve(given);
  const name = isUrl(given) ? given : path;
  const run = await readRunJson(path);
  if (run === null)
    throw new ConfigError({
      expected: 'a run directory: a folder with a run.json',
      got: existsSync(path) ? 'a folder without one' : 'a path that does not exist',
      where: name,
      fix: 'The default run directory is sluice-out/<recipe>.',
    });
  if (run.status !== 'done' && isFleet(path)) throw unfinishedFleet(path);
  const { sinks, steps } = run.recipe as unknown as {
    readonly sinks: readonly SinkDescriptor[];
    readonly steps: readonly StepDescriptor[];
  };
  const places = run.sinks.map((place, i) => ({ ...place, ...sinks[i], name: place.name }));
  const found = places.filter((s) => s.vocabulary !== undefined && (wanted === null || s.name === wanted));
  const first = run.status === 'done' ? '' : 'The run is not finished: finish it first. ';
  if (found.length !== 1)
    throw new ConfigError({
      expected: wanted === null ? 'a run that wrote tokens' : `a sink of tokens called ${wanted}`,
      got:
        found.length > 1
          ? `several: ${found.map((s) => s.name).join(', ')}`
          : `the sinks ${run.sinks.map((s) => s.name).join(', ') || '(none)'}`,
      where: name,
      fix:
        found.length > 1
          ? 'Choose one with --sink.'
          : `${first}Make one of its documents: ${tokensOf(name)}. ` +
            'Instead of bytes name a tokenizer.json, or a model folder.',
    });
  const { name: sink, vocabulary, options } = found[0];
  const { tokenizer } = options as { readonly tokenizer: string };
  const commits = await readCommitStore(join(path, 'commits.jsonl'), { repair: false });
  await checkFiles({ path, commits, sinks: [sink, `${sink}.index`] }, { done: run.status === 'done' });
  const seen = sizeOf(path);
  return {
    name,
    path,
    sink,
    tokenizer,
    vocabulary: vocabulary!,
    lastPhase: phasesOf(steps).length - 1,
    run,
    commits,
    seen,
  };
}

/** Its commits lie with its shards, where nobody follows them. */
const unfinishedFleet = (path: string): ConfigError =>
  new ConfigError({
    problem: 'this run on many nodes is not finished: its tokens are read once it is',
    expected: 'a finished run, or one in work by one process',
    got: 'one that is planned for many nodes',
    where: path,
    fix: `sluice status ${shellWord(path)} says what is left, and sluice finish ${shellWord(path)} ends it.`,
  });

const sizeOf = (path: string): number => statSync(join(path, 'commits.jsonl'), { throwIfNoEntry: false })?.size ?? 0;

/** True when there is something new. */
async function readAgain(store: Store): Promise<boolean> {
  if (store.run.status === 'done') return false;
  const size = sizeOf(store.path);
  // run.json is written after the last commit: who sees it done has all commits after reading them again.
  const run = await readRunJson(store.path);
  if (size === store.seen && run?.status !== 'done') return false;
  store.seen = size;
  store.run = run ?? store.run;
  store.commits = await readCommitStore(join(store.path, 'commits.jsonl'), { repair: false });
  return true;
}

function prefixOf(stores: readonly Store[]): { splits: (TokenSplit | null)[]; done: boolean } {
  const splits: (TokenSplit | null)[] = [];
  for (const store of stores) {
    const done = store.run.status === 'done';
    for (let split = 0; split < store.run.splits; split++) {
      const commit = store.commits.get(splitPhase(store.lastPhase), split);
      if (commit === undefined && !done) return { splits, done: false };
      splits.push(commit === undefined ? null : tokenSplit(store, commit.files));
    }
    // Splits are not the last of a run before it says so.
    if (!done) return { splits, done: false };
  }
  return { splits, done: true };
}

function tokenSplit({ path, sink, prefix }: Store, files: CommitStore['all'][number]['files']): TokenSplit | null {
  const bin = files.find((f) => f.sink === sink);
  const index = files.find((f) => f.sink === `${sink}.index`);
  if (!bin || !index) return null;
  return {
    bin: join(path, bin.path),
    index: join(path, index.path),
    tokens: new Map(Object.entries(bin.tokens ?? {}).map(([domain, t]) => [prefix + domain, t.tokens])),
    documents: bin.rows,
    ...(prefix !== '' && { prefix }),
  };
}
