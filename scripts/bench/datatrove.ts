// The rules of FineWeb here and in datatrove, on the same documents, one core, CPU time of the whole process in turns:
//   SLUICE_PYTHON=<python with datatrove and spacy> npm run bench -- datatrove [--mb 10] [--runs 3] [--json]
// Here from the file to the finished ledger, by datatrove's definitions and by our own; there the filters alone, in a
// loop over the lines: nothing is written, and what is loaded before the first document does not count.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lastValueFrom } from 'rxjs';
import {
  annotate,
  c4,
  drop,
  fineweb,
  finewebRules,
  gopherQuality,
  gopherQualityRules,
  gopherRepetition,
  gopherRepetitionRules,
  type RecipeInput,
  recipe,
  run,
} from 'sluice';
import { benchmarkLines, inTemporaryFolder, median } from './corpus.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, mb: { type: 'string', default: '10' }, runs: { type: 'string', default: '3' } },
});
const python = process.env.SLUICE_PYTHON ?? 'python3';
const hasDatatrove = spawnSync(python, ['-c', 'import spacy, datatrove.pipeline.filters']).status === 0;
const { lines, what } = benchmarkLines(Number(values.mb) * 1e6);
const { folder, input, done } = inTemporaryFolder(lines);

interface Measured {
  readonly documents: number;
  readonly kept: number;
  readonly textBytes: number;
  readonly seconds: number;
}

const where = { domain: ['code', 'table'], not: true };
function rulesOf(profile: 'datatrove' | 'sluice'): RecipeInput['steps'] {
  return [
    annotate(gopherRepetition({ profile }), { step: 'repetition_scores', where }),
    drop('gopher_repetition', gopherRepetitionRules({ profile }), { where }),
    annotate(gopherQuality({ profile }), { step: 'quality_scores', where }),
    drop('gopher_quality', gopherQualityRules({ profile }), { where }),
    c4({ profile, terminalPunct: false, where }),
    annotate(fineweb({ profile }), { step: 'fineweb_scores', where }),
    drop('fineweb', finewebRules({ profile }), { where }),
  ];
}

async function here(profile: 'datatrove' | 'sluice'): Promise<Measured> {
  const before = process.cpuUsage();
  const chain = recipe({ name: 'bench', steps: rulesOf(profile), sinks: [], expected: { all: { max: 1 } } });
  const event = await lastValueFrom(
    run(chain, { input: [input], output: join(folder, profile), workers: 1, fresh: true }),
  );
  const { user, system } = process.cpuUsage(before);
  if (event.type !== 'finished' || event.result.totals === null)
    throw new Error(`expected a finished run, got ${event.type}`);
  const { read, kept } = event.result.totals;
  return { documents: read.documents, kept: kept.documents, textBytes: read.bytes, seconds: (user + system) / 1e6 };
}

function there(): Measured & { version: string } {
  const script = fileURLToPath(new URL('time-datatrove.py', import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, [script, input], {
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Measured & { version: string };
}

const sides: readonly { readonly name: string; readonly measure: () => Promise<Measured> }[] = [
  ...(hasDatatrove ? [{ name: 'datatrove', measure: async () => there() }] : []),
  { name: "Sluice, datatrove's definitions", measure: () => here('datatrove') },
  { name: 'Sluice, its own', measure: () => here('sluice') },
];
const seconds = sides.map((): number[] => []);
const last: Measured[] = [];
for (let i = 0; i < Number(values.runs); i++)
  for (const [k, { measure }] of sides.entries()) {
    last[k] = await measure();
    seconds[k].push(last[k].seconds);
  }
done();
const results = sides.map(({ name }, k) => ({
  name,
  ...last[k],
  seconds: median(seconds[k]),
  textMbPerCpuSecond: last[k].textBytes / 1e6 / median(seconds[k]),
}));
if (values.json) console.log(JSON.stringify({ what, results }, null, 2));
else {
  const [{ documents, textBytes }] = results;
  console.log(
    `${what}: ${documents} documents, ${(textBytes / 1e6).toFixed(1)} MB of text; rules of FineWeb, one core`,
  );
  for (const r of results) {
    const ratio = hasDatatrove ? `   ${(results[0].seconds / r.seconds).toFixed(1).padStart(5)} x datatrove` : '';
    console.log(
      `${r.name.padEnd(32)} ${r.textMbPerCpuSecond.toFixed(2).padStart(7)} MB a CPU-second${ratio}   kept ${r.kept}`,
    );
  }
  if (!hasDatatrove) console.log('datatrove: skipped, no Python with datatrove and spacy (SLUICE_PYTHON names one)');
}
