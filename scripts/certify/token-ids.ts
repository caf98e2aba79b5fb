// Proves that ids are those of the tokenizers library (and, with --tiktoken, of tiktoken with the same vocabulary) on
// every document of the corpora, on the files that are no JSON lines as one text each, and on 5,430 odd texts:
//   SLUICE_PYTHON=<python with tokenizers> npx tsx scripts/certify/token-ids.ts FILE... [--every N] [--only PART]
//     [--tiktoken] [--special]
// FILE: a tokenizer.json under any name. Corpora: $SLUICE_CORPORA, else ../shared/corpora beside the clone.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadTokenizer } from '../../src/models/tokenizers/load.ts';
import type { Tokenizer } from '../../src/models/tokenizers/tokenizer.ts';
import type { TokenizerJson } from '../../src/models/tokenizers/tokenizer-json.ts';
import { corporaFolder } from '../../test/helpers/corpora.ts';
import { corpusTexts } from '../../test/helpers/corpus-texts.ts';
import { oddTexts } from './odd-texts.ts';

const ODD_TEXTS = 5430;
const BATCH = 200;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    every: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    tiktoken: { type: 'boolean', default: false },
    special: { type: 'boolean', default: false },
  },
});
const root = corporaFolder();
const folder = mkdtempSync(join(tmpdir(), 'sluice-tokenizers-'));
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** What is in the corpora beside JSON lines, decoded with U+FFFD where it is no UTF-8. */
function* otherFiles(): Generator<string> {
  if (root === null) return;
  for (const f of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(f.parentPath, f.name);
    const isLines = /\.jsonl(\.zst)?$/.test(f.name) && !path.includes('malformed');
    if (f.isFile() && !isLines && path.includes(options.only))
      yield readFileSync(path, 'utf8').slice(0, 4_000_000).toWellFormed();
  }
}

function* everyText(tokens: readonly string[]): Generator<readonly [group: string, text: string]> {
  const prose: string[] = [];
  let n = 0;
  for (const { path, texts } of root ? corpusTexts(root, options.only) : []) {
    // Files that are broken on purpose come as they are, below.
    if (path.includes('malformed')) continue;
    for (const text of texts) {
      if (n++ % Number(options.every) !== 0) continue;
      if (n % 37 === 0 && text.length > 0) prose.push(text);
      yield [
        path.startsWith('multilingual') ? 'multilingual' : path.startsWith('planted') ? 'planted' : 'corpora',
        text,
      ];
    }
  }
  for (const text of otherFiles()) yield ['other files', text];
  for (const text of oddTexts(prose, tokens, ODD_TEXTS)) yield ['odd texts', text];
}

function compare(tokenizer: Tokenizer, texts: string, groups: readonly string[], expected: string): number {
  const [file, lines] = [openSync(expected, 'r'), readFileSync(texts, 'utf8').split('\n')];
  const read = (count: number): Uint32Array => {
    const list = new Uint32Array(count);
    const bytes = new Uint8Array(list.buffer);
    for (let at = 0; at < bytes.length; ) at += readSync(file, bytes, at, bytes.length - at, null);
    return list;
  };
  const counts = new Map<string, { texts: number; different: number; ids: number }>();
  let different = 0;
  for (let at = 0; at < groups.length; at += BATCH) {
    const part = lines.slice(at, Math.min(at + BATCH, groups.length)).map((line) => Buffer.from(JSON.parse(line)));
    const offsets = new Int32Array(part.length + 1);
    for (const [i, { length }] of part.entries()) offsets[i + 1] = offsets[i] + length;
    const got = tokenizer.encodeBatch(Buffer.concat(part), offsets);
    for (const [i, text] of part.entries()) {
      const want = read(read(1)[0]);
      const own = got.ids.subarray(got.offsets[i], got.offsets[i + 1]);
      const same = Buffer.compare(new Uint8Array(want.buffer), Buffer.from(own.slice().buffer)) === 0;
      const sum = counts.get(groups[at + i]) ?? { texts: 0, different: 0, ids: 0 };
      counts.set(groups[at + i], sum);
      sum.texts++;
      sum.ids += want.length;
      if (same) continue;
      sum.different++;
      if (different++ < 5) {
        const k = want.findIndex((id, j) => id !== own[j]);
        const before = tokenizer.decode(own.subarray(0, Math.max(k, 0)));
        const where = JSON.stringify(text.toString().slice(Math.max(0, before.length - 10), before.length + 20));
        say(`  ${groups[at + i]}: id ${k} of ${want.length} is ${own[k]}, not ${want[k]}: ${where}`);
      }
    }
  }
  closeSync(file);
  for (const [group, { texts: n, different: d, ids }] of counts)
    say(`  ${group}: ${n} texts, ${ids} ids, ${d === 0 ? 'all equal' : `${d} texts differ`}`);
  return different;
}

let wrong = 0;
for (const path of positionals) {
  const tokenizer = await loadTokenizer(path, { addSpecialTokens: options.special });
  const { added_tokens = [] } = JSON.parse(readFileSync(path, 'utf8')) as TokenizerJson;
  const [texts, expected] = [join(folder, 'texts.jsonl'), join(folder, 'ids.bin')];
  const file = openSync(texts, 'w');
  const groups: string[] = [];
  // tiktoken is given no added tokens: texts that have one are not compared.
  const contents = added_tokens.map((t) => t.content);
  for (const [group, text] of everyText(options.tiktoken ? [] : contents)) {
    if (options.tiktoken && contents.some((c) => text.includes(c))) continue;
    writeSync(file, `${JSON.stringify(text)}\n`);
    groups.push(group);
  }
  closeSync(file);
  const script = join(import.meta.dirname, 'token_ids.py');
  const how = [...(options.tiktoken ? ['tiktoken'] : []), ...(options.special ? ['special'] : [])];
  const python = process.env.SLUICE_PYTHON ?? 'python3';
  const { status } = spawnSync(python, [script, path, texts, expected, ...how], { stdio: 'inherit' });
  if (status !== 0) throw new Error('no ids from Python: SLUICE_PYTHON names one with tokenizers');
  const native = 'encodeBatch' in tokenizer && tokenizer.memoryBytes !== undefined ? 'kernel' : 'library';
  say(`${basename(path)} (${native}) against ${options.tiktoken ? 'tiktoken' : 'tokenizers'}`);
  wrong += compare(tokenizer, texts, groups, expected);
}
rmSync(folder, { recursive: true });
process.exitCode = wrong === 0 && positionals.length > 0 ? 0 : 1;
