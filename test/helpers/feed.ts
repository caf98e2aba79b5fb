import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recipe, tokens } from 'sluice';
import { seededRandom } from '../../src/random.ts';
import type { FeedStep } from '../../src/sinks/feed/source.ts';
import { runToEnd } from './run.ts';

/** JSON lines of three domains, `files` files of `documents` documents each. */
export function writeDomains(folder: string, files = 4, documents = 30): string {
  const random = seededRandom(7);
  for (const domain of ['code', 'news', 'web'])
    for (let f = 0; f < files; f++) {
      const lines = Array.from({ length: documents }, (_, i) =>
        JSON.stringify({ id: `${domain}${f}.${i}`, text: `${domain} ${f} ${i} `.repeat(1 + random.below(9)) }),
      );
      mkdirSync(join(folder, domain), { recursive: true });
      writeFileSync(join(folder, domain, `${f}.jsonl`), `${lines.join('\n')}\n`);
    }
  return folder;
}

export const tokensRecipe = () =>
  recipe({
    name: 'tokens',
    steps: [],
    read: { domainFrom: 'path' },
    sinks: [tokens({ tokenizer: 'bytes' })],
    splitBytes: 4096,
  });

/** A finished run with a store of tokens of three domains. */
export async function tokenStore(folder: string): Promise<string> {
  const output = join(folder, 'run');
  await runToEnd(tokensRecipe(), { input: [writeDomains(join(folder, 'in'))], output, workers: 1 });
  return output;
}

/** What identifies the sequences of a step, with its weights. */
export const shown = (steps: readonly FeedStep[], domains: readonly string[]): string[] =>
  steps.flatMap(({ step, sequences }) =>
    sequences.map((s) => `${step}.${s.slot} ${domains[s.domain]} ${s.epoch}.${s.index} ${s.ids.slice(0, 8).join()}`),
  );
