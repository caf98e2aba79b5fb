import { isAbsolute, relative } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { recutArguments } from '../../ledger/what-if/command.ts';
import type { Change, Prepared } from '../../ledger/what-if/prepared.ts';
import { redecide } from '../../ledger/what-if/redecide.ts';
import { asKnown, tally } from '../../ledger/what-if/tally.ts';
import type { LiveSource } from '../../sinks/live/server.ts';
import type { RunReader } from './run-reader.ts';

/** Rows of documents that changed sides which come with an answer; `/api/rows` has the documents. */
const MOST_ROWS = 100;

/**
 * `/api/what-if?set=step.rule:threshold` (any number of `set`; `off` for a threshold: without the rule): what other
 * thresholds would keep, decided again from the ledger. It changes nothing in the run.
 */
export const whatIfAnswers = (reader: RunReader): LiveSource['api'] => ({
  'what-if': async (query) => {
    const ready = await reader.prepared();
    const changes = query.getAll('set').map((text) => changeOf(text, ready));
    const began = performance.now();
    const { lost, saved, perhaps, ...found } = tally(ready, redecide(ready, changes));
    const milliseconds = Math.round(10 * (performance.now() - began)) / 10;
    const { folder } = await reader.use(async (open) => open);
    const recut = recutArguments(folder.run, folder.path, [], '');
    return {
      ...asKnown(found),
      /** Whose values the command takes; null where it needs the recipe too. */
      recut: recut && asTyped(folder.path),
      rows: ready.columns.rows,
      settings: changes.map((c) => settingOf(c, ready)),
      lost: Array.from(spread(lost)),
      saved: Array.from(spread(saved)),
      perhaps: Array.from(spread(perhaps)),
      milliseconds,
    };
  },
});

/** A path as somebody writes it who stands where this process does: below it, relative to it. */
function asTyped(path: string): string {
  const below = relative(process.cwd(), path);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? path : below;
}

/** Over all of them, so that the first file is not all that is seen. */
function spread(rows: Int32Array): Int32Array {
  if (rows.length <= MOST_ROWS) return rows;
  return Int32Array.from({ length: MOST_ROWS }, (_, i) => rows[Math.floor((i * rows.length) / MOST_ROWS)]);
}

function changeOf(text: string, { plan }: Prepared): Change {
  const colon = text.lastIndexOf(':');
  const [name, value] = [text.slice(0, colon), text.slice(colon + 1)];
  const found = plan.rules.find((r) => `${plan.steps[r.step].step}.${r.rule.name}` === name);
  const threshold = value === 'off' ? null : value === '' ? Number.NaN : Number(value);
  if (found && (threshold === null || Number.isFinite(threshold)))
    return { step: plan.steps[found.step].step, rule: found.rule.name, threshold };
  throw new ConfigError({
    expected: found ? 'a threshold: a number, or off' : 'a rule of this run whose threshold can be moved, as step.rule',
    got: `'${text.slice(0, 100)}'`,
    where: 'set',
  });
}

/** For `sluice run --set`; null where the rule is not an option of its step. */
function settingOf({ step, rule, threshold }: Change, { plan }: Prepared): string | null {
  const found = plan.rules.find((r) => plan.steps[r.step].step === step && r.rule.name === rule);
  const { options } = plan.steps[found?.step ?? 0];
  const option = found?.rule.option ?? '';
  const camel = option.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
  if (!Object.hasOwn(options, option) && !Object.hasOwn(options, camel)) return null;
  return `${step}.${option}=${threshold ?? 'null'}`;
}
