// Would the default recipe be better with boilerplate taken out first? npx tsx scripts/score/boilerplate.ts
// [--half tune] [--unit lines] [--more-than 10] [--lines 20]. Of one half of ../shared/corpora/mixed (or
// $SLUICE_CORPORA), halved as quickstart.ts beside this does: what `dedup.boilerplate()` would cut (pieces of 30 bytes
// and more that stand in more documents of their domain), and how many documents the rules of `quickstart` drop before
// and after.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { decompress } from 'fzstd';
import quickstart from '../../recipes/quickstart.ts';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { makeStage } from '../../src/operators/stages.ts';
import { isBarrier } from '../../src/streams/operator.ts';
import { batchOf } from '../../test/helpers/batches.ts';

const { values: options } = parseArgs({
  options: {
    half: { type: 'string', default: 'held-out' },
    unit: { type: 'string', default: 'lines' },
    'more-than': { type: 'string', default: '10' },
    lines: { type: 'string', default: '20' },
  },
});
const LEAST_BYTES = 30;
const corpora = process.env.SLUICE_CORPORA ?? fileURLToPath(new URL('../../../shared/corpora', import.meta.url));

interface Document {
  readonly id: string;
  readonly domain: string;
  readonly kind: string;
  readonly text: string;
}

function* documents(): Generator<Document> {
  for (const file of readdirSync(`${corpora}/mixed`).filter((f) => f.endsWith('.zst')))
    for (const line of Buffer.from(decompress(readFileSync(`${corpora}/mixed/${file}`)))
      .toString()
      .trimEnd()
      .split('\n')) {
      const { id, text, metadata } = JSON.parse(line) as {
        id: string;
        text: string;
        metadata: { domain: string; group?: string; noise_type?: string };
      };
      const [first] = createHash('sha256')
        .update(`g${metadata.group ?? id}`)
        .digest();
      if (first >= 128 !== (options.half === 'held-out')) continue;
      const { domain, noise_type: noise } = metadata;
      yield { id, domain, kind: noise === undefined ? domain : `noise: ${noise}`, text };
    }
}

const END = options.unit === 'lines' ? /(?<=\n)/ : /(?<=\n\s*\n)(?=\S)/;
const pieces = (text: string): string[] => text.split(END);
const nameOf = (domain: string, piece: string): string => `${domain}\n${piece.trim()}`;

const all = [...documents()];
const found = new Map<string, number>();
for (const { domain, text } of all)
  for (const name of new Set(pieces(text).map((p) => nameOf(domain, p)))) found.set(name, (found.get(name) ?? 0) + 1);
const isBoilerplate = (domain: string, piece: string): boolean =>
  Buffer.byteLength(piece.trim()) >= LEAST_BYTES && found.get(nameOf(domain, piece))! > Number(options['more-than']);
const without = all.map(({ domain, text }) =>
  pieces(text)
    .filter((p) => !isBoilerplate(domain, p))
    .join(''),
);

const kernel = await loadKernel();
const steps = quickstart.steps.map((s) => s.descriptor).filter((d) => !isBarrier(d));
const stages = await Promise.all(steps.map((d) => makeStage(d, kernel)));
/** Of each document, whether the rules drop it. */
async function dropped(texts: readonly Document[]): Promise<boolean[]> {
  const out: boolean[] = [];
  for (let i = 0; i < texts.length; i += 512) {
    let batch = batchOf(texts.slice(i, i + 512));
    for (const stage of stages) batch = await stage.apply(batch);
    for (let row = 0; row < batch.rows; row++) out.push(batch.verdicts.some(({ rule }) => rule[row] >= 0));
  }
  return out;
}
const before = await dropped(all);
const after = await dropped(all.map((d, i) => ({ ...d, text: without[i] })));

console.info('                               documents   touched   cut, %   dropped, %: before    after');
const groups: [string, (d: Document) => boolean][] = [
  ...[...new Set(all.map((d) => d.kind))]
    .sort()
    .map((k): [string, (d: Document) => boolean] => [k, (d) => d.kind === k]),
  ['clean prose', (d) => d.domain !== 'code' && d.domain !== 'web_noise'],
  ['web noise', (d) => d.domain === 'web_noise'],
];
for (const [name, is] of groups) {
  const own = all.flatMap((d, i) => (is(d) ? [i] : []));
  const percent = (n: number, of: number): string => ((100 * n) / of).toFixed(2).padStart(9);
  const size = own.reduce((n, i) => n + all[i].text.length, 0);
  const left = own.reduce((n, i) => n + without[i].length, 0);
  const touched = own.filter((i) => without[i] !== all[i].text).length;
  const share = (drops: readonly boolean[]): string => percent(own.filter((i) => drops[i]).length, own.length);
  console.info(
    `${name.padEnd(32)}${String(own.length).padStart(7)}${String(touched).padStart(10)}${percent(size - left, size)}` +
      `           ${share(before)}${share(after)}`,
  );
}
const most = [...found].filter(([name]) => Buffer.byteLength(name.split('\n')[1]) >= LEAST_BYTES);
for (const [name, n] of most.sort((a, b) => b[1] - a[1]).slice(0, Number(options.lines)))
  console.info(`  ${String(n).padStart(5)} ${JSON.stringify(name.slice(0, 100))}`);
