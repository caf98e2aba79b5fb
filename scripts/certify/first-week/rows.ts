import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  asked,
  corpora,
  cwd,
  events,
  near,
  on80,
  python,
  root,
  shown,
  sluice,
  sql,
  totals,
  writeLarge,
} from './asked.ts';

/** `null`: it cannot be tried here. */
type Verdict = readonly [good: boolean, seen: string] | null;
export interface Row {
  readonly id: string;
  readonly what: string;
  readonly command: string;
  readonly ask: () => Verdict;
}

/** The Python of a run's README, run in its folder. */
function readmeOpens(run: string): Verdict {
  if (!python || asked(python, ['-c', 'import datasets']).code !== 0) return null;
  const [, snippet] = /```python\n([\s\S]*?)```/.exec(readFileSync(join(cwd, run, 'README.md'), 'utf8'))!;
  const { code: status, err } = asked(python, ['-c', `import os; os.chdir("${run}")\n${snippet}`]);
  return [status === 0, status === 0 ? 'opens' : err.trim().split('\n').at(-1)!];
}

/** @param doc a folder of many files; undefined: none is tried */
export const rowsOf = (doc: string | undefined): Row[] => [
  {
    id: 'F1',
    what: 'text kept is what the files hold, after cuts',
    command: 'sluice run c4 --input in.jsonl; sluice sql c4 "SELECT sum(octet_length(encode(text))) b FROM documents"',
    ask: () => {
      sluice('run', 'c4', '--input', 'in.jsonl', '--output', 'c4');
      const { b } = sql('c4', 'SELECT sum(octet_length(encode(text))) b FROM documents');
      const { kept, cutBytes, addedBytes } = totals('c4');
      const left = kept.bytes - cutBytes + addedBytes;
      return [left === b, shown(left, b)];
    },
  },
  {
    id: 'F1b',
    what: 'tokens read are those of the ledger',
    command: 'sluice run quickstart --input in.jsonl; sluice sql q "SELECT sum(tokens) t FROM ledger"',
    ask: () => {
      sluice('run', 'quickstart', '--input', 'in.jsonl', '--output', 'q');
      const { t } = sql('q', 'SELECT sum(tokens) t FROM ledger');
      return [totals('q').read.tokens === t, shown(totals('q').read.tokens, t)];
    },
  },
  {
    id: 'F2',
    what: 'the snippet of README.md opens the run',
    command: 'python README of q',
    ask: () => readmeOpens('q'),
  },
  {
    id: 'F3',
    what: 'the same of a run to JSON lines and Arrow',
    command: 'sluice run sinks.ts --input in.jsonl; python README of s',
    ask: () => {
      sluice('run', 'sinks.ts', '--input', 'in.jsonl', '--output', 's');
      return readmeOpens('s');
    },
  },
  {
    id: 'F4',
    what: 'memory of many files within what plan says',
    command: 'sluice plan node-modules --input DOC --json; sluice run node-modules --input DOC',
    ask: () => {
      if (!doc) return null;
      const plan = JSON.parse(sluice('plan', 'node-modules', '--input', doc, '--json').out) as {
        estimate: { memoryBytes: number };
      };
      const { out } = sluice('run', 'node-modules', '--input', doc, '--output', 'doc');
      const peak = Number(/peak memory (\d+) MB/.exec(out)?.[1]);
      const most = Math.round(plan.estimate.memoryBytes / 1e6);
      return [peak <= most, `${peak} of ${most} MB`];
    },
  },
  {
    id: 'F5',
    what: 'inspect repeats --text-field; a run that read nothing fails',
    command: 'sluice inspect content.jsonl --text-field content; sluice run quickstart --input content.jsonl',
    ask: () => {
      const next = sluice('inspect', 'content.jsonl', '--text-field', 'content')
        .out.split('\n')
        .find((l) => l.startsWith('Next'));
      const { code: status } = sluice('run', 'quickstart', '--input', 'content.jsonl', '--output', 'none');
      return [next!.endsWith('--text-field content') && status !== 0, `${next}; exit ${status}`];
    },
  },
  {
    id: 'F6',
    what: "init's recipe keeps code",
    command: 'sluice init mine.ts; sluice run mine.ts --input in.jsonl',
    ask: () => {
      sluice('init', 'mine.ts');
      sluice('run', 'mine.ts', '--input', 'in.jsonl', '--output', 'mine');
      const { n } = sql('mine', "SELECT count(*) n FROM documents WHERE domain = 'code'");
      return [n >= 38, `${n} of 40 kept`];
    },
  },
  {
    id: 'F7',
    what: 'bytes unpacked, as a run says them first, within a quarter',
    command: 'sluice plan quickstart --no-probe --json --input mixed/web_noise-00.jsonl.zst',
    ask: () => {
      const file = join(corpora, 'mixed/web_noise-00.jsonl.zst');
      if (!existsSync(file)) return null;
      const { textBytes } = JSON.parse(sluice('plan', 'quickstart', '--no-probe', '--json', '--input', file).out) as {
        textBytes: number;
      };
      const real = Number(asked('sh', ['-c', `zstd -dc ${file} | wc -c`]).out);
      return real > 0 ? [near(textBytes, real, 0.25), shown(textBytes, real)] : null;
    },
  },
  {
    id: 'F8',
    what: 'nothing is called kept before the last pass',
    command: 'sluice run quickstart --input in.jsonl --json',
    ask: () => {
      const progress = events(sluice('run', 'quickstart', '--input', 'in.jsonl', '--output', 'q8', '--json')).filter(
        (e) => e.type === 'progress',
      ) as { phaseNumber: number; phases: number; documents: { kept: number } }[];
      const early = progress.filter((e) => e.phaseNumber < e.phases - 1 && e.documents.kept > 0);
      return [early.length === 0, `${progress.length} events, ${early.length} too early`];
    },
  },
  {
    id: 'F9',
    what: 'a size without a unit is an error in words',
    command: 'sluice run quickstart --input in.jsonl --memory 10',
    ask: () => {
      const { code: status, err } = sluice('run', 'quickstart', '--input', 'in.jsonl', '--memory', '10');
      return [status === 2 && err.includes('at least 17 MB') && !err.includes('Too small'), err.trim().split('\n')[1]];
    },
  },
  {
    id: 'F10',
    what: 'a run as input means the documents it kept',
    command: 'sluice run dedup --input q',
    ask: () => {
      sluice('run', 'dedup', '--input', 'q', '--output', 'd');
      return [
        totals('d').read.documents === totals('q').kept.documents,
        shown(totals('d').read.documents, totals('q').kept.documents),
      ];
    },
  },
  {
    id: 'F11',
    what: 'no line is longer than 80 columns where the terminal has 80',
    command: 'sluice run quickstart; sluice plan quickstart (80 columns)',
    ask: () => {
      const said = [
        on80('run', 'quickstart', '--input', 'in.jsonl', '--output', 'q80'),
        on80('plan', 'quickstart', '--input', 'in.jsonl'),
      ];
      if (said.some((s) => s.code === null)) return null;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: lines that are drawn again
      const moves = /\u001b\[[\d;?]*[A-HJKf]/g;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are
      const colours = /\u001b\[[\d;?]*[a-zA-Z]/g;
      const lines = said.flatMap((s) =>
        s.out
          .replace(moves, '\n')
          .replace(colours, '')
          .split(/[\r\n]+/),
      );
      // A command stays on one line, so that it can be copied. A threshold that is cut ends in dots.
      const long = lines.filter((l) => (l.length > 80 && !/^ +(npx )?sluice /.test(l)) || /[<>]=? …/.test(l));
      return [long.length === 0, long.length === 0 ? `${lines.length} lines` : JSON.stringify(long[0])];
    },
  },
  {
    id: 'F12',
    what: '--shard-size below a split is said; --sample 1 is said as 1 %',
    command: 'sluice run dedup --input 2-mb.jsonl --shard-size 1MB; sluice run quickstart --input in.jsonl --sample 1',
    ask: () => {
      writeLarge('2-mb.jsonl', 2e6);
      const large = sluice('run', 'dedup', '--input', '2-mb.jsonl', '--output', 'l12', '--shard-size', '1MB').out;
      const sample = sluice('run', 'quickstart', '--input', 'in.jsonl', '--output', 'q12', '--sample', '1').out;
      const said = [/--shard-size: .*/.exec(large)?.[0] ?? '-', /sample of 1 %/.exec(sample)?.[0] ?? '-'];
      return [!said.includes('-'), said.join('; ')];
    },
  },
  {
    id: 'F13',
    what: 'column builders and annotator() are exported; --json has `type`',
    command: 'node -e "import(\'sluice\')"; sluice run --json',
    ask: () => {
      const names = ['float64Column', 'int32Column', 'utf8Column', 'validBitmap', 'annotator'];
      const [api, wanted] = [join(root, 'dist/index.js'), names].map((v) => JSON.stringify(v));
      const source = `import(${api}).then((m) => console.log(${wanted}.filter((n) => !m[n]).length))`;
      const missing = Number(asked(process.execPath, ['-e', source]).out);
      const typed = events(sluice('run', 'quickstart', '--input', 'in.jsonl', '--output', 'q13', '--json')).every(
        (e) => typeof e.type === 'string',
      );
      const types = readFileSync(join(root, 'dist/streams/inputs/read-documents.d.ts'), 'utf8');
      const told = /ConfigError/.test(types) && !/InputError for a bad record/.test(types);
      return [missing === 0 && typed && told, `${missing} missing`];
    },
  },
  {
    id: 'F14',
    what: 'sql of nothing, rounding, a further sink, explain of a prefix',
    command: 'sluice sql q ""; sql q "SELECT 1484.4499999999998 x"; sql s "FROM tables"; explain q prose-3-',
    ask: () => {
      const empty = sluice('sql', 'q', '').err.includes('an empty query');
      const rounded = /^1484\.45$/m.test(sluice('sql', 'q', 'SELECT 1484.4499999999998 AS x').out);
      const sink = sluice('sql', 's', 'SELECT count(*) FROM tables').err.includes('wrote as Arrow files');
      const prefix = sluice('explain', 'q', 'prose-3-').err.includes('Similar ids: prose-3-abcdef');
      return [empty && rounded && sink && prefix, [empty, rounded, sink, prefix].join(' ')];
    },
  },
  {
    id: 'F15',
    what: 'plan counts cuts in the output, within a third',
    command: 'sluice plan c4 --input in.jsonl --json',
    ask: () => {
      const { estimate } = JSON.parse(sluice('plan', 'c4', '--input', 'in.jsonl', '--json').out) as {
        estimate: { outputBytes: number };
      };
      const real = statSync(join(cwd, 'c4/documents/part-00000-of-00001.parquet')).size;
      return [near(estimate.outputBytes, real, 0.33), shown(Math.round(estimate.outputBytes), real)];
    },
  },
  {
    id: 'F16',
    what: 'one file is one file; WARC is read',
    command: 'sluice plan c4 --no-probe --input crawl/warcio',
    ask: () => {
      const warc = join(corpora, 'crawl/warcio');
      if (!existsSync(warc)) return null;
      const { out } = sluice('plan', 'c4', '--no-probe', '--input', warc);
      return [
        /warc/.test(out) && !/\b1 files\b|\b1 more rules\b/.test(out),
        out
          .split('\n')
          .find((l) => l.startsWith('Input'))!
          .trim(),
      ];
    },
  },
  {
    id: 'F17',
    what: 'the pace of the prose model is the same wherever it stands',
    command: 'grep "kB of text" recipes/perplexity.ts docs/models.md',
    ask: () => {
      const pace = (path: string): string =>
        /\d+ to \d+ kB of text/.exec(readFileSync(join(root, path), 'utf8'))?.[0] ?? 'none';
      const [a, b] = [pace('recipes/perplexity.ts'), pace('docs/models.md')];
      return [a === b && a !== 'none', `${a}; ${b}`];
    },
  },
  {
    id: 'F18',
    what: 'the package has its docs and recipes',
    command: 'npm pack --dry-run --json',
    ask: () => {
      const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
        cwd: root,
        encoding: 'utf8',
      });
      const [{ files }] = JSON.parse(stdout) as { files: { path: string }[] }[];
      const has = (path: string): boolean => files.some((f) => f.path === path);
      const links = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/\]\((docs\/[a-z-]+\.md)\)/g)].map(
        ([, path]) => path,
      );
      const dead = links.filter((l) => !has(l));
      return [dead.length === 0 && has('recipes/quickstart.ts'), `${links.length} links, ${dead.length} dead`];
    },
  },
];
