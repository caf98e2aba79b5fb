import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputError } from '../../errors.ts';
import { writeWhole } from '../../files/whole.ts';
import { OWN_MARK } from './arpa-mark.ts';
import type { NgramModel } from './model.ts';
import { sortedOrder } from './sorted-rows.ts';
import type { Split } from './split.ts';
import { buildTrie, type Level, NEVER, type Trie } from './trie.ts';
import { Vocabulary } from './vocabulary.ts';

/** What `<unk>` gets in a model that has none; KenLM does the same. */
const UNKNOWN_LOG10 = -100;

/** An n-gram model in the ARPA format, which KenLM and SRILM write and read. Numbers come back as the same float32. */
export const writeArpa = (path: string, { trie, vocabulary }: NgramModel, signal?: AbortSignal): Promise<void> =>
  writeWhole(path, arpaText(trie, vocabulary), { signal });

const CHUNK = 1 << 16;
/** Longer lines are none of ARPA. */
const LONGEST_LINE = 1 << 24;

function* arpaText(trie: Trie, vocabulary: Vocabulary): Generator<string> {
  const { order, levels, token, log10, backoff, firstChild } = trie;
  let text = '\\data\\\n';
  for (let n = 1; n <= order; n++) text += `ngram ${n}=${levels[n] - levels[n - 1]}\n`;
  for (let n = 1; n <= order; n++) {
    text += `\n\\${n}-grams:\n`;
    /** The beginnings of the n-gram: one node a length, moved on when its children are through. */
    const path = Array.from({ length: n - 1 }, (_, k) => levels[k]);
    for (let node = levels[n - 1]; node < levels[n]; node++) {
      for (let k = n - 2, child = node; k >= 0; child = path[k--]) while (child >= firstChild[path[k] + 1]) path[k]++;
      const words = [...path, node].map((i) => vocabulary.text(token[i])).join(' ');
      text += `${shortest(log10[node])}\t${words}${n < order ? `\t${shortest(backoff[node])}` : ''}\n`;
      if (text.length > CHUNK) {
        yield text;
        text = '';
      }
    }
  }
  yield `${text}\n\\end\\\n${OWN_MARK}`;
}

/** The shortest decimal that reads back as this float32. */
function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}

/** Deflate unpacks a byte to at most so many. */
const MOST_UNPACKED = 1032;

/** What a file that is no ARPA begins with, what it is, and what to do. */
const OTHERS: readonly (readonly [magic: string, got: string, fix: string])[] = [
  [
    'mmap lm http://kheafield.com/code',
    'a binary model of KenLM',
    'KenLM has no way back from its binary format: give the .arpa or .arpa.gz file that build_binary made it from, ' +
      'which lmplz wrote.',
  ],
  ['\xfd7zXZ', 'a file packed with xz', 'Unpack it first: xz -dk FILE'],
  ['BZh', 'a file packed with bzip2', 'Unpack it first: bzip2 -dk FILE'],
  ['\x28\xb5\x2f\xfd', 'a file packed with zstd', 'Unpack it first: zstd -dk FILE'],
];

/** Text of an ARPA file, unpacked when it is gzip. Errors: InputError for what is packed otherwise, or binary. */
async function arpaSource(path: string): Promise<{ readonly text: Readable; readonly mostBytes: number }> {
  const file = await open(path, 'r');
  const head = Buffer.alloc(64);
  const { bytesRead } = await file.read(head, 0, head.length, 0).finally(() => file.close());
  const start = head.toString('latin1', 0, bytesRead);
  const other = OTHERS.find(([magic]) => start.startsWith(magic));
  if (other) throw new InputError({ expected: 'an n-gram model as ARPA', got: other[1], where: path, fix: other[2] });
  const { size } = await stat(path);
  if (!start.startsWith('\x1f\x8b'))
    return { text: createReadStream(path, { encoding: 'utf8', highWaterMark: CHUNK }), mostBytes: size };
  const unpacked = createGunzip();
  // The error of either end reaches the reader.
  pipeline(createReadStream(path), unpacked, () => {});
  return { text: unpacked.setEncoding('utf8'), mostBytes: size * MOST_UNPACKED };
}

/**
 * Reads an ARPA file, packed with gzip or not.
 * @param split how documents become its words. Default: `bytes` when it has the words `<0x00>` and so on, else
 *   `whitespace`, as KenLM does; a model that Sluice trained on words needs `words`. Errors: InputError with the line
 *   for anything that is no ARPA, n-grams of unknown words, n-grams that stand there twice.
 */
export async function readArpa(path: string, split?: Split): Promise<NgramModel> {
  const { text, mostBytes } = await arpaSource(path);
  const parser = new ArpaParser(path, mostBytes);
  let rest = '';
  // Lines end with \n alone: words of other tools may hold any other white space.
  try {
    for await (const chunk of text) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() as string;
      for (const line of lines) parser.line(line);
      if (rest.length > LONGEST_LINE) parser.endless();
    }
  } catch (cause) {
    if ((cause as { code?: string }).code?.startsWith('Z_')) throw damagedGzip(path, cause as Error);
    throw cause;
  }
  if (rest !== '') parser.line(rest);
  const { vocabulary, levels } = parser.finish();
  return {
    split: split ?? (vocabulary.findText('<0x00>') > 0 ? 'bytes' : 'whitespace'),
    vocabulary,
    trie: buildTrie(levels),
    origin: { name: basename(path), sequences: 0, tokens: 0, textBytes: 0, prune: [], discounts: [] },
    trainedOn: null,
  };
}

const damagedGzip = (path: string, cause: Error): InputError =>
  new InputError({
    expected: 'a whole gzip file',
    got: cause.message,
    where: path,
    fix: 'Copy or download the model again.',
    cause,
  });

/** Without the white space of ASCII at both ends; other white space may belong to a word. */
function trimmed(line: string): string {
  let [start, end] = [0, line.length];
  while (start < end && SPACES.includes(line[start])) start++;
  while (end > start && SPACES.includes(line[end - 1])) end--;
  return line.slice(start, end);
}

const SPACES = '\t\r ';

interface Section {
  readonly grams: Int32Array;
  readonly log10: Float32Array;
  readonly backoff: Float32Array;
  rows: number;
}

class ArpaParser {
  #path: string;
  /** Size of the file: what it cannot hold is not made room for. */
  #bytes: number;
  #number = 0;
  #counts: number[] = [];
  #sections: Section[] = [];
  #vocabulary = Vocabulary.create();
  #state: 'before' | 'counts' | 'grams' | 'end' = 'before';

  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#bytes = bytes;
  }

  line(text: string): void {
    this.#number++;
    const line = trimmed(text);
    if (line === '') return;
    if (this.#state === 'before') {
      if (line === '\\data\\') this.#state = 'counts';
      return;
    }
    if (this.#state === 'end') return;
    if (line === '\\end\\') {
      this.#state = 'end';
      return;
    }
    const section = /^\\(\d+)-grams:$/.exec(line);
    if (section) this.#begin(Number(section[1]));
    else if (this.#state === 'counts') this.#count(line);
    else this.#gram(line);
  }

  /** A line without an end. */
  endless(): never {
    this.#number++;
    throw this.#error(`lines of at most ${LONGEST_LINE} characters`, 'a longer one');
  }

  #count(line: string): void {
    const match = /^ngram\s+(\d+)\s*=\s*(\d+)$/.exec(line);
    if (!match || Number(match[1]) !== this.#counts.length + 1)
      throw this.#error(`ngram ${this.#counts.length + 1}=<count>`, line);
    this.#counts.push(Number(match[2]));
  }

  #begin(n: number): void {
    const expected = this.#sections.length + 1;
    if (n !== expected || n > this.#counts.length) throw this.#error(`\\${expected}-grams:`, `\\${n}-grams:`);
    this.#checkFull();
    this.#state = 'grams';
    const rows = this.#counts[n - 1];
    // A line has a digit, n words of a byte or more with a space before each, and its end.
    if (rows > this.#bytes / (2 * n + 2))
      throw this.#error(
        `at most ${Math.floor(this.#bytes / (2 * n + 2))} ${n}-grams, as the file has room for`,
        `${rows} by \\data\\`,
      );
    this.#sections.push({
      grams: new Int32Array(rows * n),
      log10: new Float32Array(rows),
      backoff: new Float32Array(rows),
      rows: 0,
    });
  }

  #gram(line: string): void {
    const n = this.#sections.length;
    const section = this.#sections[n - 1];
    const fields = line.split(/[\t ]+/);
    // KenLM reads both.
    for (let k = 1; k <= n; k++) if (fields[k] === '<UNK>') fields[k] = '<unk>';
    const log10 = Number(fields[0]);
    const backoff = fields.length === n + 2 ? Number(fields[n + 1]) : 0;
    if (fields.length < n + 1 || fields.length > n + 2 || Number.isNaN(log10) || Number.isNaN(backoff))
      throw this.#error(`a number, ${n} words and perhaps a number`, line);
    if (section.rows === section.log10.length)
      throw this.#error(`${section.rows} ${n}-grams, as \\data\\ says`, 'more');
    for (let k = 0; k < n; k++) {
      const id = n === 1 ? this.#vocabulary.addText(fields[1]) : this.#vocabulary.findText(fields[k + 1]);
      if (id === 0 && fields[k + 1] !== '<unk>') throw this.#error('words that are among the 1-grams', fields[k + 1]);
      section.grams[section.rows * n + k] = id;
    }
    section.log10[section.rows] = log10;
    // Without the sign of -0, which some tools write.
    section.backoff[section.rows++] = backoff + 0;
  }

  #checkFull(): void {
    const n = this.#sections.length;
    const last = this.#sections.at(-1);
    if (last && last.rows < last.log10.length)
      throw this.#error(`${last.log10.length} ${n}-grams, as \\data\\ says`, String(last.rows));
  }

  finish(): { vocabulary: Vocabulary; levels: Level[] } {
    if (this.#state !== 'end')
      throw this.#error(this.#state === 'before' ? '\\data\\' : '\\end\\', 'the end of the file');
    this.#checkFull();
    if (this.#sections.length !== this.#counts.length || this.#counts.length === 0)
      throw this.#error(`${this.#counts.length || 'some'} orders of n-grams`, String(this.#sections.length));
    const levels = this.#sections.map((s, i) => (i === 0 ? this.#words(s) : this.#sorted(s, i + 1)));
    return { vocabulary: this.#vocabulary, levels };
  }

  #words({ grams, log10, backoff, rows }: Section): Level {
    const size = this.#vocabulary.size;
    const level = {
      grams: Int32Array.from({ length: size }, (_, id) => id),
      log10: new Float32Array(size).fill(NEVER),
      backoff: new Float32Array(size),
    };
    level.log10[0] = UNKNOWN_LOG10;
    const seen = new Set<number>();
    for (let row = 0; row < rows; row++) {
      const id = grams[row];
      if (seen.has(id)) throw this.#error('every 1-gram once', this.#vocabulary.text(id));
      seen.add(id);
      level.log10[id] = log10[row];
      level.backoff[id] = backoff[row];
    }
    return level;
  }

  #sorted({ grams, log10, backoff, rows }: Section, n: number): Level {
    const order = sortedOrder(grams, rows, { keys: n, width: n });
    const out = { grams: new Int32Array(rows * n), log10: new Float32Array(rows), backoff: new Float32Array(rows) };
    order.forEach((from, row) => {
      for (let k = 0; k < n; k++) out.grams[row * n + k] = grams[from * n + k];
      out.log10[row] = log10[from];
      out.backoff[row] = backoff[from];
      if (row > 0 && out.grams.subarray((row - 1) * n, row * n).every((w, k) => w === out.grams[row * n + k])) {
        const words = Array.from(out.grams.subarray(row * n, (row + 1) * n), (id) => this.#vocabulary.text(id));
        throw this.#error(`every ${n}-gram once`, words.join(' '));
      }
    });
    return out;
  }

  #error(expected: string, got: string): InputError {
    return new InputError({
      expected,
      got: got.length > 80 ? `${got.slice(0, 77)}...` : got,
      where: `${this.#path}, line ${this.#number}`,
      fix: 'Check that it is a complete ARPA file, or one packed with gzip.',
    });
  }
}
