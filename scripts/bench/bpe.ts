// Byte-level BPE here, in the tokenizers library and in tiktoken: the same documents and vocabulary, one core, CPU
// time, in turns, median:
//   SLUICE_PYTHON=<python with tokenizers, tiktoken> npm run bench -- bpe [--tokenizer FILE] [--only PART] [--mb 10]
//     [--runs 5] [--json]
// FILE: a tokenizer.json under any name; default: that of GPT-NeoX in the corpora. PART: of a path in the corpora.
// Here from UTF-8 in batches of 1 MB to ids; there from strings to lists of ids. The first pass of each, in which no
// word has been seen and nothing is compiled, is printed apart.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadTokenizer } from '../../src/models/index.ts';
import { corporaFolder } from '../../test/helpers/corpora.ts';
import { corpusTexts } from '../../test/helpers/corpus-texts.ts';
import { median } from './corpus.ts';

const { values } = parseArgs({
  options: {
    tokenizer: { type: 'string' },
    only: { type: 'string', default: 'mixed' },
    mb: { type: 'string', default: '10' },
    runs: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const corpora = corporaFolder();
const path = values.tokenizer ?? (corpora && join(corpora, 'conformance/tokenizers/gpt-neo-test-tokenizer.json'));
if (corpora === null || path === null) process.exit(0);
const BATCH_BYTES = 1e6;

/** Documents from all files alike, in batches. */
function batchesOf(folder: string): string[][] {
  const out: string[][] = [];
  let [total, batch, bytes, n] = [0, [] as string[], 0, 0];
  const most = Number(values.mb) * 1e6;
  for (const { texts } of corpusTexts(folder, values.only)) {
    for (const text of texts) {
      if (n++ % 11 !== 0 || total >= most) continue;
      const length = Buffer.byteLength(text);
      [total, bytes] = [total + length, bytes + length];
      batch.push(text);
      if (bytes < BATCH_BYTES) continue;
      out.push(batch);
      [batch, bytes] = [[], 0];
    }
  }
  return batch.length > 0 ? [...out, batch] : out;
}

const batches = batchesOf(corpora);
const arrow = batches.map((batch) => {
  const rows = batch.map((text) => Buffer.from(text));
  const offsets = new Int32Array(rows.length + 1);
  for (const [i, { length }] of rows.entries()) offsets[i + 1] = offsets[i] + length;
  return { values: Buffer.concat(rows), offsets };
});
const textBytes = arrow.reduce((sum, { values: bytes }) => sum + bytes.length, 0);
const tokenizer = await loadTokenizer(path);

interface Pass {
  readonly seconds: number;
  readonly ids: number;
}

function here(): Pass {
  const before = process.cpuUsage();
  let ids = 0;
  for (const { values: bytes, offsets } of arrow) ids += tokenizer.encodeBatch(bytes, offsets).ids.length;
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, ids };
}

/** Passes in Python, by name; none where it has no tokenizers. */
async function there(
  file: string,
): Promise<{ names: string[]; pass(name: string): Promise<Pass>; end(): void } | null> {
  const python = process.env.SLUICE_PYTHON ?? 'python3';
  if (spawnSync(python, ['-c', 'import tokenizers']).status !== 0) return null;
  const script = fileURLToPath(new URL('time-tokenizers.py', import.meta.url));
  const child = spawn(python, [script, file, join(folder, 'texts.jsonl')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('expected an answer of Python, got its end');
    return JSON.parse(value as string) as T;
  };
  const names = await answer<string[]>();
  return {
    names,
    pass(name) {
      child.stdin.write(`${name}\n`);
      return answer<Pass>();
    },
    end: () => child.stdin.end(),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
writeFileSync(join(folder, 'texts.jsonl'), batches.map((batch) => `${JSON.stringify(batch)}\n`).join(''));
const python = await there(path);
const names = ['Sluice', ...(python?.names ?? [])];
const passes = names.map((): Pass[] => []);
const first: Pass[] = [];
for (let i = -1; i < Number(values.runs); i++) {
  for (const [k, name] of names.entries()) {
    const pass = k === 0 || python === null ? here() : await python.pass(name);
    if (i < 0) first[k] = pass;
    else passes[k].push(pass);
  }
}
python?.end();
rmSync(folder, { recursive: true });

const results = names.map((name, k) => {
  const seconds = median(passes[k].map((p) => p.seconds));
  const [mbPerCpuSecond, firstPass] = [seconds, first[k].seconds].map((s) => textBytes / 1e6 / s);
  return { name, ids: first[k].ids, seconds, mbPerCpuSecond, firstPass };
});
const memory = (tokenizer.memoryBytes?.() ?? 0) / 1e6;
if (values.json) console.log(JSON.stringify({ tokenizer: basename(path), textBytes, memory, results }, null, 2));
else {
  const documents = batches.reduce((sum, batch) => sum + batch.length, 0);
  console.log(
    `${basename(path)}, ${tokenizer.vocabularySize} ids; ${documents} documents of ${values.only}, ` +
      `${(textBytes / 1e6).toFixed(1)} MB; one core, median of ${values.runs}; ${memory.toFixed(0)} MB of kernel ` +
      'memory',
  );
  for (const { name, ids, mbPerCpuSecond, firstPass, seconds } of results)
    console.log(
      `${name.padEnd(40)} ${mbPerCpuSecond.toFixed(1).padStart(6)} MB a CPU-second (first ` +
        `${firstPass.toFixed(1)})   ${ids} ids   ` +
        `Sluice is x ${(seconds / results[0].seconds).toFixed(2)}`,
    );
  if (!python) console.log('tokenizers: skipped, no Python with it (SLUICE_PYTHON names one)');
}
