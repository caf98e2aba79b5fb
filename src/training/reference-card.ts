import type { Reference } from './reference.ts';
import type { ReferenceJson } from './training-types.ts';

/**
 * The model card (README.md) of a reference model, with the metadata that the Hugging Face hub reads.
 * @param ids of its tokenizer; a text may give fewer than the model has room for
 */
export function cardOf(reference: Reference, model: ReferenceJson, ids: number): string {
  const { model: shape, training, shares } = reference;
  const last = model.measurements.at(-1);
  const bytes = Object.values(model.trainedBytes).reduce((a, b) => a + b, 0);
  const domains = Object.keys({ ...model.trainedBytes, ...last?.byDomain }).sort();
  const rows = domains.map((d) => {
    const trained = model.trainedBytes[d] ?? 0;
    return `| ${cell(d)} | ${(trained / 1e6).toFixed(1)} | ${bits(last?.byDomain[d])} |`;
  });
  const weights = shape.dtype === 'float32' ? '' : `, weights in ${shape.dtype}`;
  return `---
library_name: transformers
pipeline_tag: text-generation
tags:
  - perplexity
  - data-curation
---
# ${reference.name}

${reference.description || 'A small language model that scores text for data curation.'}

${(model.parameters / 1e6).toFixed(2)} M parameters, ${shape.family}, ${shape.layers} layers of width ${shape.width},
context ${shape.context} tokens${weights}. ${tokensOf(model, ids)}

It was made to compare texts by perplexity. It cannot answer questions, and low perplexity is not quality: it means that
a text resembles what the model was trained on.

## Trained on

${model.documents.train} documents (${(bytes / 1e6).toFixed(1)} MB), divided by \`${reference.groupBy}\` with seed
${reference.seed}: ${percent(shares.train)} of the groups for training, ${percent(shares.heldOut)} held out, the rest
unused. \`trained-on.bin\` holds hashes of every group and text trained on; Sluice refuses to score them.

| domain | MB trained on | held-out bits per byte |
| --- | --- | --- |
${rows.join('\n')}
| all | ${(bytes / 1e6).toFixed(1)} | ${bits(last?.bitsPerByte)} |

${(model.tokens / 1e6).toFixed(1)} M tokens in ${model.steps} steps of ${training.rows} x ${shape.context} \
(${model.epochs.toFixed(2)} epochs), AdamW, highest learning rate ${training.learningRate}, one seed \
(${reference.seed})${planned(model)},
on ${model.executor}${
    model.processors.length > 1
      ? `, on ${model.processors.length} kinds of processors one after the other: another training gives ` +
        'other last digits'
      : ''
  }.
`;
}

/** Lengths that were planned before the last one. */
const planned = ({ schedule }: ReferenceJson): string =>
  schedule
    .slice(0, -1)
    .map(({ steps }, i) => `, planned for ${steps} steps until step ${schedule[i + 1].fromStep}`)
    .join('');

/** What its token ids are. */
const tokensOf = ({ tokenizer: { name, vocabulary, start } }: ReferenceJson, ids: number): string =>
  name === 'bytes'
    ? `It reads UTF-8 bytes:\ntoken ids 0 to 255 are bytes, ${start} begins a document.`
    : `It reads ${ids} byte pairs learnt from the\ntext it was trained on ` +
      `(tokenizer.json)${ids < vocabulary ? `, which gave no more (room is for ${vocabulary})` : ''}; id ` +
      `${start} begins a document.`;

const bits = (measured: number | null | undefined): string => measured?.toFixed(3) ?? 'not measured';

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

/** A name from data inside a Markdown table. */
const cell = (text: string): string => text.replace(/[|\r\n<>`[\]]/g, ' ');
