// CPU seconds of our filters, from the file to the finished ledger, and what our MinHash keeps.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import {
  annotate,
  c4,
  dedup,
  drop,
  fineweb,
  finewebRules,
  gopherQuality,
  gopherQualityRules,
  gopherRepetition,
  gopherRepetitionRules,
  jsonl,
  type RecipeInput,
  recipe,
  run,
} from 'sluice';

const profile = 'datatrove' as const;
type Steps = RecipeInput['steps'];

const filters: Readonly<Record<'repetition' | 'quality' | 'c4' | 'fineweb', () => Steps>> = {
  repetition: () => [
    annotate(gopherRepetition({ profile }), { step: 'repetition_scores' }),
    drop('repetition', gopherRepetitionRules({ profile })),
  ],
  quality: () => [
    annotate(gopherQuality({ profile }), { step: 'quality_scores' }),
    drop('quality', gopherQualityRules({ profile })),
  ],
  c4: () => [c4({ profile })],
  fineweb: () => [
    annotate(fineweb({ profile }), { step: 'fineweb_scores' }),
    drop('fineweb', finewebRules({ profile })),
  ],
};

const steps: Readonly<Record<string, () => Steps>> = {
  ...filters,
  chain: () => [
    ...filters.repetition(),
    ...filters.quality(),
    c4({ profile, terminalPunct: false }),
    ...filters.fineweb(),
  ],
  minhash: () => [dedup.minhash()],
};

/** What is timed on both sides. */
export const TIMED = Object.keys(steps);
/** The same documents so often. */
const TIMES = 10;

interface Doc {
  readonly id: string;
  readonly text: string;
}

/** CPU seconds of this process and its threads for all documents once, start included. */
export async function secondsOf(of: string, documents: readonly Doc[], folder: string): Promise<number> {
  const many = join(folder, 'many.jsonl');
  const copies = Array.from({ length: TIMES }, (_, k) =>
    documents
      .map((d) =>
        JSON.stringify({ id: `${d.id}-${k}`, text: of === 'minhash' && k > 0 ? `${d.text} copy ${k}` : d.text }),
      )
      .join('\n'),
  );
  writeFileSync(many, `${copies.join('\n')}\n`);
  const before = process.cpuUsage();
  const own = steps[of]();
  const chain = recipe({ name: 'speed', steps: own, sinks: [], expected: { all: { max: 1 } } });
  const options = { input: [many], output: join(folder, `speed-${of}`), workers: 1, fresh: true };
  // A rule may drop what it likes here.
  const rule = own.flatMap((s) => s.descriptor.rules.map((r) => r.name));
  const cluster = own.flatMap((s) => (s.descriptor.effects.drops === 'copies' ? [s.descriptor.step] : []));
  const allow = { rule: [...new Set(rule)], dropShare: ['all'], cluster };
  const event = await lastValueFrom(run(chain, { ...options, allow }));
  if (event.type !== 'finished') throw new Error(`expected a finished run, got ${event.type}`);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / TIMES;
}

/** Ids that our MinHash keeps with datatrove's signatures, in its way: one of each component, unverified. */
export async function keptByMinhash(input: string, folder: string): Promise<ReadonlySet<string>> {
  const output = join(folder, 'near');
  const step = dedup.minhash({ profile, verify: false });
  const made = recipe({ name: 'near', steps: [step], sinks: [jsonl({ compression: 'none' })] });
  await lastValueFrom(run(made, { input: [input], output, workers: 1, allow: { cluster: [step.descriptor.step] } }));
  const documents = join(output, 'documents');
  const ids = readdirSync(documents).flatMap((name) =>
    readFileSync(join(documents, name), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { id: string }).id),
  );
  return new Set(ids);
}
