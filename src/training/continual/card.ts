import type { TrainedOnAbout } from '../../models/folders/trained-on.ts';
import type { TrainingRecord } from './record.ts';
import { cell, changeTable } from './report.ts';

/** The model card (README.md) of a model that was trained on, with the metadata that the Hugging Face hub reads. */
export function continualCard(record: TrainingRecord, base: string, { ofBase, texts }: TrainedOnAbout): string {
  const { recipe, parameters, executor, measurements, plans, tokensPerStep } = record;
  const last = measurements.at(-1);
  const before = ofBase > 0 ? `,\nand the ${ofBase} hashes that came with the model before` : '';
  const unknown = base !== 'new' && ofBase === 0 ? `\nWhat \`${cell(base)}\` was trained on is not known here.` : '';
  const schedules = [...new Set(plans.map((p) => p.schedule.name))].join(', then ');
  return `---
library_name: transformers
pipeline_tag: text-generation
---
# ${cell(recipe)}

${base === 'new' ? 'Trained from random weights' : `Trained on from \`${cell(base)}\``} by \`sluice train\`: \
${(parameters / 1e6).toFixed(2)} M parameters, ${last?.step ?? 0} steps of
at most ${tokensPerStep} tokens (${last?.tokensSeen ?? 0} in all), schedule ${schedules}, on ${executor}.

## Trained on

\`trained-on.bin\` holds hashes of the ${texts} texts that the steps were drawn from, over the domains
${record.domains.map(cell).join(', ')}${before}. \
Sluice refuses to score them.${unknown}

## Bits per byte on held-out text

${changeTable(record)}
`;
}
