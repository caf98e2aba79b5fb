// Precision and recall of `pii()` on planted values and look-alikes, and on the planted corpus where there is one; and
// its speed.
//
//     npx tsx scripts/score/pii.ts [../shared/corpora]
import { existsSync, readFileSync } from 'node:fs';
import { decompress } from 'fzstd';
import { KINDS, type PiiKind, scanPii } from '../../src/operators/pii/scan.ts';
import { plantedPii } from '../planted-pii.ts';

export interface Counts {
  found: number;
  missed: number;
  wrong: number;
}

/** Counts by kind: a value is found when a span of its kind has all of it; any other span is wrong. */
export function scorePlanted(each: number, seed: number): Map<PiiKind, Counts> {
  const kinds = Object.keys(KINDS) as PiiKind[];
  const counts = new Map(kinds.map((kind) => [kind, { found: 0, missed: 0, wrong: 0 }]));
  for (const { text, kind, value } of plantedPii(each, seed)) {
    const bytes = Buffer.from(text);
    const spans = scanPii(bytes, 0, bytes.length, new Set(kinds));
    const start = bytes.indexOf(Buffer.from(value));
    const end = start + Buffer.byteLength(value);
    const right = spans.filter((s) => s.kind === kind && s.start <= start && s.end >= end);
    if (kind) counts.get(kind)![right.length > 0 ? 'found' : 'missed']++;
    for (const s of spans) if (!right.includes(s)) counts.get(s.kind)!.wrong++;
  }
  return counts;
}

/** Kinds of the corpus by ours. */
const OURS: Readonly<Record<string, PiiKind>> = {
  email: 'email',
  email_obfuscated: 'email',
  ipv4: 'ipv4',
  ipv6: 'ipv6',
  phone: 'phone',
  credit_card: 'card',
  iban_example: 'iban',
  api_key_example: 'secret',
  url_credentials: 'credentials',
  mac: 'mac',
  us_ssn_reserved: 'ssn',
};

interface Truth {
  readonly id: string;
  readonly pii: readonly { readonly type: string; readonly byte_start: number; readonly byte_end: number }[];
}

/** The same on the planted documents: a value is found when a span of its kind lies on it. */
export function scoreCorpus(folder: string): Map<PiiKind, Counts> {
  const kinds = Object.keys(KINDS) as PiiKind[];
  const counts = new Map(kinds.map((kind) => [kind, { found: 0, missed: 0, wrong: 0 }]));
  const lines = <T>(text: string): T[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as T);
  const truth = new Map(lines<Truth>(readFileSync(`${folder}/truth.jsonl`, 'utf8')).map((t) => [t.id, t]));
  const packed = decompress(readFileSync(`${folder}/docs.jsonl.zst`));
  const documents = lines<{ id: string; text: string }>(Buffer.from(packed).toString());
  const texts = documents.map((d) => Buffer.from(d.text));
  const before = process.cpuUsage();
  const all = texts.map((bytes) => scanPii(bytes, 0, bytes.length, new Set(kinds)));
  const { user, system } = process.cpuUsage(before);
  const bytes = texts.reduce((n, t) => n + t.length, 0);
  documents.forEach(({ id }, i) => {
    const planted = truth.get(id)!.pii;
    const on = (s: { start: number; end: number }, p: Truth['pii'][number]): boolean =>
      s.start < p.byte_end && s.end > p.byte_start;
    for (const p of planted) {
      const kind = OURS[p.type];
      counts.get(kind)![all[i].some((s) => s.kind === kind && on(s, p)) ? 'found' : 'missed']++;
    }
    for (const s of all[i]) if (!planted.some((p) => on(s, p))) counts.get(s.kind)!.wrong++;
  });
  console.log(`${documents.length} documents, ${(bytes / (user + system)).toFixed(0)} MB/s`);
  return counts;
}

function print(name: string, counts: ReadonlyMap<PiiKind, Counts>): void {
  console.log(name);
  for (const [kind, { found, missed, wrong }] of counts) {
    const percent = (n: number): string => `${(100 * n).toFixed(2)} %`;
    console.log(
      `  ${kind.padEnd(12)} recall ${percent(found / (found + missed))} of ${found + missed}, ` +
        `precision ${percent(found / (found + wrong))}`,
    );
  }
}

if (process.argv[1]?.endsWith('pii.ts')) {
  print('made from seed 7, 1,000 of each kind and of each look-alike', scorePlanted(1000, 7));
  const folder = `${process.argv[2] ?? '../shared/corpora'}/planted/pii`;
  if (existsSync(folder)) print('planted corpus', scoreCorpus(folder));
}
