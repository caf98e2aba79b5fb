import { GuardError } from '../../errors.ts';
import type { JudgedGuard } from '../../ledger/run-json.ts';
import type { Counters, DropExample } from '../../streams/commits/counters.ts';
import type { DuplicateCluster } from '../../streams/commits/log.ts';

const EXAMPLES = 3;
const EXCERPT = 100;

/** Where examples come from: counters of the commits judged, in split order, and the largest clusters. */
export interface GuardEvidence {
  /** The run directory. */
  readonly run: string;
  /** `the first 3 of 12 splits`, or `all 12 splits`. */
  readonly seenIn: string;
  readonly commits: () => Iterable<Counters>;
  readonly clusters: Readonly<Record<string, DuplicateCluster>>;
  /** When a rule (`step.rule`) drops a document: `text_chars < 60`. */
  readonly condition: (rule: string) => string | null;
}

interface Example {
  readonly id: string;
  readonly value: number | null;
  readonly excerpt: string;
  /** What it is an example of, where that is not said already. */
  readonly note: string | null;
}

/** The error of a guard that stops a run: what it saw, three examples, the flag that allows it. */
export function guardError(g: JudgedGuard, evidence: GuardEvidence): GuardError {
  const examples = examplesOf(g, evidence);
  const flag = allowFlag(g);
  const below = g.share < g.min;
  const { subject, did, fix } = WORDS[g.guard](g, evidence);
  const limit = below ? `at least ${percent(g.min)}` : `at most ${percent(g.max)}`;
  const lost = `${g.estimated ? 'about ' : ''}${count(g.documents)}`;
  const seen = `${lost} of ${count(g.outOf)} documents (${percent(g.share)}) in ${evidence.seenIn}`;
  const lines = examples.map(
    (e) => `e.g. ${e.id}${noteOf(e)}: ${e.excerpt === '' ? '(empty text)' : `"${e.excerpt}"`}`,
  );
  return new GuardError(
    {
      expected:
        `${subject} ${limit} of ` +
        (g.guard === 'drop_share' && g.of !== 'all' ? `domain ${g.of}` : 'the run') +
        (g.stated ? ' (set by the recipe)' : ''),
      got: [`${did} ${seen}`, ...lines].join('\n'),
      where: evidence.run,
      fix:
        `${fix} If this is expected, give the same command again with ${flag} to resume from here: committed ` +
        'work is kept. A changed recipe or input needs --fresh.',
    },
    {
      guard: g.guard,
      of: g.of,
      documents: g.documents,
      outOf: g.outOf,
      share: g.share,
      min: g.min,
      max: g.max,
      flag,
      examples: examples.map(({ id, value, excerpt }) => ({ id, value, excerpt })),
    },
  );
}

/** The flag of `sluice run` that allows what a guard saw. */
export function allowFlag({ guard, of }: JudgedGuard): string {
  switch (guard) {
    case 'rule':
      return `--allow-rule ${of}`;
    case 'cluster':
      return `--allow-cluster ${of}`;
    case 'drop_share':
      return `--allow-drop-share ${/^[\w.@-]+$/.test(of) ? of : `'${of.replaceAll("'", "'\\''")}'`}`;
    case 'quarantine':
    case 'failed':
      return '--allow-quarantine';
  }
}

const WORDS: Record<
  JudgedGuard['guard'],
  (g: JudgedGuard, e: GuardEvidence) => { subject: string; did: string; fix: string }
> = {
  rule: ({ of }, { condition }) => ({
    subject: `rule ${of}${condition(of) ? ` (${condition(of)})` : ''} to drop`,
    did: 'it dropped',
    fix: 'Check whether its threshold fits this text, or state the share in the recipe (expected.rules).',
  }),
  cluster: ({ of }, { clusters }) => ({
    subject: `one document and its duplicates (step ${of}) to be`,
    did: `${clusters[of].survivor} and its duplicates are`,
    fix: 'Check whether these are copies of one text, or documents that share a template.',
  }),
  drop_share: ({ of }) => ({
    subject: of === 'all' ? 'all rules together to drop' : `the rules to drop`,
    did: 'they dropped',
    fix:
      'Check whether the recipe is meant for this text, or state the share in it ' +
      `(expected.${of === 'all' ? 'all' : 'domains'}).`,
  }),
  failed: () => ({
    subject: 'documents on which a step fails to be',
    did: 'a step failed, hung or crashed on',
    fix: 'Look at the details in quarantine, and fix the step.',
  }),
  quarantine: () => ({
    subject: 'unreadable records to be',
    did: 'could not be read:',
    fix: 'Look at the input with sluice inspect; the text may be in another field (--text-field).',
  }),
};

function examplesOf(g: JudgedGuard, { commits, clusters }: GuardEvidence): Example[] {
  if (g.guard === 'cluster')
    return clusters[g.of].examples.map((e) => ({ ...e, excerpt: oneLine(e.excerpt), note: null }));
  const found: Example[] = [];
  for (const counters of commits()) {
    if (found.length >= EXAMPLES) break;
    if (g.guard === 'quarantine' || g.guard === 'failed') {
      for (const e of counters.quarantined.examples)
        found.push({ id: e.position, value: null, excerpt: oneLine(e.excerpt), note: e.reason });
      continue;
    }
    for (const [rule, e] of dropsOf(g, counters)) {
      const note = g.guard === 'rule' ? null : rule;
      found.push({ id: e.id, value: e.value, excerpt: oneLine(e.excerpt), note });
    }
  }
  return found.slice(0, EXAMPLES);
}

/**
 * Dropped documents of one commit that show what the guard saw; of a whole scope one of each rule first, the greatest
 * rule first.
 */
function dropsOf(g: JudgedGuard, counters: Counters): [string, DropExample][] {
  const rules = Object.entries(counters.steps).flatMap(([step, of]) =>
    Object.entries(of).map(([name, c]) => ({ name, full: `${step}.${name}`, ...c })),
  );
  if (g.guard === 'rule')
    return rules
      .filter((r) => r.full === g.of)
      .flatMap((r) => r.examples.map((e): [string, DropExample] => [r.name, e]));
  const scoped = rules
    .sort((a, b) => b.dropped - a.dropped || (a.full < b.full ? -1 : 1))
    .map((r) => ({ name: r.name, examples: r.examples.filter((e) => g.of === 'all' || e.domain === g.of) }));
  return Array.from({ length: EXAMPLES }, (_, i) => i).flatMap((i) =>
    scoped.flatMap((r): [string, DropExample][] => (r.examples[i] ? [[r.name, r.examples[i]]] : [])),
  );
}

const noteOf = ({ note, value }: Example): string => {
  const parts = [note, value === null ? null : String(Math.round(value * 10_000) / 10_000)].filter((p) => p !== null);
  return parts.length > 0 ? ` (${parts.join(' ')})` : '';
};

function oneLine(text: string): string {
  const flat = Array.from(text.replace(/\s+/g, ' ').trim());
  return flat.length > EXCERPT ? `${flat.slice(0, EXCERPT - 3).join('')}...` : flat.join('');
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
const count = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
