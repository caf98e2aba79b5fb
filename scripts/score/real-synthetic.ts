// Writes three corpora of the same documents, for a comparison at equal tokens: as they are, rewritten, and both 1:1.
//   npx tsx scripts/score/real-synthetic.ts --corpus <folder of packed JSON lines> --output <folder> [--documents 600]
//   sluice compare <folder>/real <folder>/both <folder>/synthetic --held-out <folder>/held-out.jsonl --tokens 300000
// The rewriter is made of rules, and no language model: it turns sentences into questions and answers by templates, and
// breaks long ones into short ones. So it adds nothing, as a rewriter should, but it is a poor writer: the comparison
// shows that the way works, and says nothing about what a good rewriter gains.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sentencesOf } from '../../src/operators/generate/sentences.ts';
import { corpusDocuments } from '../planted-noise.ts';

const { values } = parseArgs({
  options: {
    corpus: { type: 'string', default: '../shared/corpora/mixed' },
    output: { type: 'string', default: 'real-synthetic' },
    documents: { type: 'string', default: '600' },
  },
});
const count = Number(values.documents);
const prose = (files: RegExp, most: number): string[] =>
  corpusDocuments(values.corpus, files, most)
    .map((lines) =>
      lines
        .filter((l) => l.length > 60)
        .join('\n')
        .slice(0, 3000),
    )
    .filter((text) => text.length > 600);

/** Sentences said again: every third as question and answer, the others in pieces. */
function rewritten(text: string): string {
  return sentencesOf(text)
    .map((s) => s.trim())
    .filter((s) => s.length > 20)
    .map((sentence, i) => (i % 3 === 0 ? asQuestion(sentence) : inPieces(sentence)))
    .join('\n');
}

function asQuestion(sentence: string): string {
  const match = /^((?:The |A |An )?[A-Z][\w' -]{1,40}?) (is|are|was|were|has|had|can|may|will) (.{10,})$/.exec(
    sentence,
  );
  if (!match) return inPieces(sentence);
  const [, subject, verb, rest] = match;
  const name = subject.replace(/^(The|A|An) /, (w) => w.toLowerCase());
  return `Question: What ${verb} ${name}?\nAnswer: ${subject} ${verb} ${rest}`;
}

function inPieces(sentence: string): string {
  const parts = sentence.split(/(?:; |, (?:and|but|which|while|where) )/).map((p) => p.replace(/[.;,]+$/, '').trim());
  return parts
    .filter((p) => p.length > 0)
    .map((p) => `${p[0].toUpperCase()}${p.slice(1)}.`)
    .join(' ');
}

const real = prose(/^(encyclopedia|news|science)-00/, count);
const made = real.map(rewritten);
const row = (text: string, i: number, kind: string): string => JSON.stringify({ id: `${kind}-${i}`, text });
const write = (name: string, rows: readonly string[]): void => {
  mkdirSync(join(values.output, name), { recursive: true });
  writeFileSync(join(values.output, name, 'documents.jsonl'), `${rows.join('\n')}\n`);
};
const [as, again] = [real.map((t, i) => row(t, i, 'real')), made.map((t, i) => row(t, i, 'synthetic'))];
write('real', as);
write('synthetic', again);
write('both', [...as, ...again]);
const held = prose(/^(encyclopedia-01|tech_docs-01|qa_forum-00)/, 240).map((t, i) => row(t, i, 'held'));
writeFileSync(join(values.output, 'held-out.jsonl'), `${held.join('\n')}\n`);
const bytes = (texts: readonly string[]): number => texts.reduce((n, t) => n + Buffer.byteLength(t), 0);
console.log(
  `${real.length} documents, ${bytes(real)} bytes as they are, ${bytes(made)} rewritten; ${held.length} held out`,
);
