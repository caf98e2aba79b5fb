// Trains the language model that ships, models/language/: multinomial logistic regression on hashed byte n-grams of
// pieces of text, with the weights rounded to signed bytes.
//
//     npx tsx scripts/make/language-model.ts ../shared/corpora models/language/weights.bin
//
// Learns from half A of the documents only; `scripts/score/languages.ts` measures on half B. The scale of the
// probabilities is 1 here; `scripts/make/language-scale.ts` then chooses it.
import { writeFileSync } from 'node:fs';
import { GRAM_BYTES, languageSlots, plainBytes } from '../../src/kernels/reference/language.ts';
import { packLanguageModel } from '../../src/models/classifiers/language-file.ts';
import { languageDocuments } from '../language-documents.ts';

const [corpora, output] = process.argv.slice(2);
const BITS = Number(process.env.BITS ?? 15);
const STEPS = Number(process.env.STEPS ?? 220_000);
const RATE = Number(process.env.RATE ?? 6);

// SplitMix32.
let state = 20;
function random(): number {
  state = (state + 0x9e3779b9) | 0;
  let z = state;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
}

const documents = languageDocuments(corpora).filter(({ half }) => half === 'A');
const labels = [...new Set(documents.map(({ language }) => language))].sort();
const texts = labels.map((label) => documents.filter((d) => d.language === label).map((d) => Buffer.from(d.text)));
const n = labels.length;

/** A piece of a text of a language, from the beginning of a code point on; most are short. */
function piece(label: number): Uint8Array {
  const all = texts[label];
  const text = all[Math.floor(random() * all.length)];
  const length = Math.floor(24 * 2 ** (4 * random()));
  let from = Math.floor(random() * Math.max(1, text.length - length));
  while (from < text.length && (text[from] & 0xc0) === 0x80) from++;
  let to = Math.min(text.length, from + length);
  while (to < text.length && (text[to] & 0xc0) === 0x80) to++;
  return text.subarray(from, to);
}

/** The slots of `languageSlots`, by way of 16-bit parts in place of big integers. */
function slotsOf(text: Uint8Array): Int32Array {
  const plain = plainBytes(text);
  const out = new Int32Array(plain.length * GRAM_BYTES.length);
  let count = 0;
  const value = new Uint32Array(2);
  for (let i = 0; i < plain.length; i++) {
    if ((plain[i] & 0xc0) === 0x80) continue;
    for (let k = 0; k < GRAM_BYTES.length; k++) {
      const bytes = GRAM_BYTES[k];
      if (i + bytes > plain.length) break;
      value[0] = plain[i] | (plain[i + 1] << 8) | (plain[i + 2] << 16) | (bytes > 3 ? plain[i + 3] << 24 : 0);
      value[1] = bytes > 4 ? plain[i + 4] | (plain[i + 5] << 8) : 0;
      out[count++] = topBits(value[0], value[1], k);
    }
  }
  return out.subarray(0, count);
}

const HIGH = [0x9e3779b9, 0xc2b2ae3d, 0xd6e8feb8];
const LOW = [0x7f4a7c15, 0x27d4eb4f, 0x6659fd93];

/** The highest bits of the low 64 of a product of two numbers of 64 bits, by their halves. */
function topBits(low: number, high: number, k: number): number {
  const [a, b] = [low >>> 16, low & 0xffff];
  const [c, d] = [LOW[k] >>> 16, LOW[k] & 0xffff];
  const middle = Math.floor((b * d) / 65536) + ((a * d) % 2 ** 32) + ((b * c) % 2 ** 32);
  const carry =
    a * c + Math.floor(middle / 65536) + (Math.floor((a * d) / 2 ** 32) + Math.floor((b * c) / 2 ** 32)) * 65536;
  const top = (carry + (Math.imul(low, HIGH[k]) >>> 0) + (Math.imul(high, LOW[k]) >>> 0)) % 2 ** 32;
  return top >>> (32 - BITS);
}

const sample = texts.flatMap((all) => all.slice(0, 1)).map((t) => t.subarray(0, 300));
for (const text of sample)
  if (slotsOf(text).join() !== languageSlots(text, BITS).join())
    throw new Error('slots that are not those of the model');

const weights = new Float32Array(2 ** BITS * n);
const logits = new Float64Array(n);
let loss = 0;
for (let step = 0; step < STEPS; step++) {
  const label = step % n;
  const slots = slotsOf(piece(label));
  if (slots.length === 0) continue;
  logits.fill(0);
  for (const s of slots) for (let l = 0, at = s * n; l < n; l++, at++) logits[l] += weights[at];
  let top = Number.NEGATIVE_INFINITY;
  for (let l = 0; l < n; l++) {
    logits[l] /= slots.length;
    if (logits[l] > top) top = logits[l];
  }
  let sum = 0;
  for (let l = 0; l < n; l++) {
    logits[l] = Math.exp(logits[l] - top);
    sum += logits[l];
  }
  loss -= Math.log(logits[label] / sum);
  const rate = RATE * (1 - step / STEPS);
  for (let l = 0; l < n; l++) logits[l] = rate * ((l === label ? 1 : 0) - logits[l] / sum);
  for (const s of slots) for (let l = 0, at = s * n; l < n; l++, at++) weights[at] += logits[l];
  if (step % 20_000 === 19_999) {
    console.log(`${step + 1} pieces, loss ${(loss / 20_000).toFixed(4)}`);
    loss = 0;
  }
}

// What lies beyond four standard deviations is cut: rounding then has finer steps.
const squares = weights.reduce((a, w) => a + w * w, 0);
const spread = Math.sqrt(squares / weights.filter((w) => w !== 0).length);
const step = (4 * spread) / 127;
const rounded = Int8Array.from(weights, (w) => Math.max(-127, Math.min(127, Math.round(w / step))));
const packed = packLanguageModel({ bits: BITS, labels, step, weights: rounded });
writeFileSync(output, packed);
console.log(`${labels.length} languages, ${packed.length} bytes, step ${step}`);
