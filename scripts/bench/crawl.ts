// From a .warc.gz to text: the reader and the extractor together, against the bound of unpacking and extracting alone,
// and beside FastWARC with resiliparse; CPU time in turns, best of five (what else
// runs on the machine makes all of them slower).
//   npm run bench:crawl -- --wcxb <copy of Murrough-Foley/web-content-extraction-benchmark> [--pages 200] [--json]
// Then the benchmark `html` on the same copy.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { readSplit } from '../../src/streams/formats/read-split.ts';
import { readOptions } from '../../src/streams/inputs/read-options.ts';
import { planSplits } from '../../src/streams/plan/plan.ts';
import { http, warcRecord } from '../../test/helpers/warc.ts';
import { devPages } from '../wcxb.ts';

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean' },
    wcxb: { type: 'string', default: process.env.SLUICE_WCXB },
    pages: { type: 'string', default: '200' },
  },
  allowPositionals: true,
});
const source = values.wcxb;
if (source === undefined || !existsSync(`${source}/dev/html`)) {
  console.log('skipped: --wcxb or SLUICE_WCXB names no copy of the benchmark');
  process.exit(0);
}
const kernel = await loadKernel();
const folder = mkdtempSync(join(tmpdir(), 'sluice-crawl-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'crawl.warc.gz');

/** One member a page, as crawlers write them. */
const members: Buffer[] = [];
const pages: Uint8Array[] = [];
let number = 0;
const step = Math.max(1, Math.floor(1497 / Number(values.pages)));
for (const { html, url, id } of devPages(source)) {
  if (number++ % step !== 0) continue;
  pages.push(html);
  members.push(gzipSync(warcRecord({ content: http(html), url, id })));
}
writeFileSync(path, Buffer.concat(members));
const bytes = pages.reduce((n, p) => n + p.length, 0);

function timed(seconds: number[], work: () => Promise<unknown> | unknown): Promise<void> {
  const before = process.cpuUsage();
  return Promise.resolve(work()).then(() => {
    const { user, system } = process.cpuUsage(before);
    seconds.push((user + system) / 1e6);
  });
}

/** Texts of a batch; what comes of them is counted so that nobody leaves the work out. */
let chars = 0;
function extractAll(html: Uint8Array, offsets: Int32Array): void {
  const rows = offsets.length - 1;
  const got = kernel.extract(html, offsets, rows, new Uint8Array(rows).fill(1), 'best');
  chars += got.chars.reduce((n, c) => n + c, 0);
}

const [bound, ours]: [number[], number[]] = [[], []];
for (let round = 0; round < 6; round++) {
  const before = chars;
  await timed(round === 0 ? [] : bound, () => {
    for (const member of members) {
      const record = gunzipSync(member);
      const html = record.subarray(record.indexOf('\r\n\r\n', record.indexOf('\r\n\r\n') + 4) + 4, -4);
      extractAll(html, Int32Array.of(0, html.length));
    }
  });
  const after = chars;
  await timed(round === 0 ? [] : ours, async () => {
    const options = readOptions.parse({});
    const plan = await planSplits([path], options);
    for (const split of plan.splits)
      for await (const batch of readSplit(split, plan, options, { kernel, reuse: true, onQuarantine: () => {} })) {
        const { values: text, offsets } = batch.utf8('text');
        extractAll(text, offsets);
      }
  });
  if (chars - after !== after - before) throw new Error(`the reader gives other pages: ${chars - after} code points`);
}
const rate = (seconds: number[]): number => bytes / 1e6 / Math.min(...seconds);
const result = { pages: pages.length, mb: bytes / 1e6, bound: rate(bound), ours: rate(ours) };
if (values.json) console.log(JSON.stringify(result));
else {
  console.log(`${result.pages} pages, ${result.mb.toFixed(1)} MB of HTML in one .warc.gz, one core, CPU time`);
  console.log(`  gunzip and extract alone  ${result.bound.toFixed(0)} MB/s`);
  console.log(
    `  sluice, WARC to text      ${result.ours.toFixed(0)} MB/s, ${((100 * result.ours) / result.bound).toFixed(0)} %`,
  );
}
const python = process.env.SLUICE_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('time-warc.py', import.meta.url));
const { status } = spawnSync(python, [script, path], { stdio: 'inherit' });
if (status !== 0) console.log(`  FastWARC: skipped (${python} has neither fastwarc nor resiliparse)`);
if (!values.json && !positionals.includes('warc'))
  spawnSync(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('html.ts', import.meta.url)), '--wcxb', source],
    {
      stdio: 'inherit',
    },
  );
