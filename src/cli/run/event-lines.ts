/** An event of `sluice run --json`: its fields besides `type` and `time`, and when it comes. */
export interface EventWords {
  readonly fields: readonly string[];
  /** What stands in a field that holds more than a value: `path,reason` of a list of such. */
  readonly inside?: Readonly<Record<string, string>>;
  readonly when: string;
}

/**
 * Every event, in the order in which they come. Names are those of `RunEvent`, of which a script has the same as
 * objects. Later versions only add fields.
 */
export const RUN_EVENTS: Readonly<Record<string, EventWords>> = {
  planned: {
    fields: ['run', 'files', 'splits', 'textBytes', 'skipped', 'warnings', 'resumedSplits'],
    inside: { skipped: '[{path,reason}]', warnings: '[]' },
    when: 'once, when the input is known',
  },
  recut: { fields: ['splits', 'columns'], when: 'with --recut: splits and columns that were taken' },
  progress: {
    fields: [
      'phase',
      'phaseNumber',
      'phases',
      'splitsDone',
      'splits',
      'share',
      'documents',
      'textBytes',
      'megabytesPerSecond',
      'etaSeconds',
      'memoryBytes',
      'seconds',
      'topReasons',
    ],
    inside: { documents: '{read,created,kept,dropped,quarantined}', topReasons: '[{step,rule,dropped}]' },
    when: 'every second',
  },
  commit: { fields: ['phase', 'split', 'documents'], when: 'a split is on disk' },
  retried: { fields: ['task', 'cause', 'attempt', 'attempts'], when: 'a thread died' },
  generated: {
    fields: ['step', 'status'],
    inside: { status: '{sent,answered,reused,refused,rejected,unasked,later,spent,wasted,cost,cutOff,busy,...}' },
    when: 'at the end, of a step with a generator',
  },
  stopping: { fields: [], when: 'after the first Ctrl-C' },
  stopped: {
    fields: ['run', 'splitsDone', 'splits'],
    when: 'the last one of a run that was interrupted (exit code 130)',
  },
  finished: {
    fields: ['run', 'already', 'seconds', 'totals'],
    when: 'the last one of a run that is done (exit code 0; 1 when no record could be read)',
  },
  error: {
    fields: ['code', 'exitCode', 'message', 'problem', 'expected', 'got', 'where', 'fix', 'saw'],
    inside: { saw: '{guard,of,documents,outOf,share,min,max,flag,examples[{id,value,excerpt}]}' },
    when: 'the last one of a run that failed; `saw` where a guard stopped it (exit code 3)',
  },
};

const withInside = ({ fields, inside = {} }: EventWords): string => fields.map((f) => f + (inside[f] ?? '')).join(' ');

/** For `sluice run --help`. */
export const eventLines = (): string[] => [
  'Events of --json, each with `type` and `time`. Later versions only add fields:',
  ...Object.entries(RUN_EVENTS).map(([name, words]) =>
    `  ${name.padEnd(9)} ${withInside(words)} (${words.when})`.replace(/ {2,}\(/, ' ('),
  ),
];

/** For the reference: name, fields, when. */
export const eventRows = (): string[][] =>
  Object.entries(RUN_EVENTS).map(([name, words]) => [`\`${name}\``, withInside(words) || 'none', words.when]);
