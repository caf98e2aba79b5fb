import { domainStates, flowsOf } from '../../ledger/live/state.ts';
import { committedTotals, openRunFolder, type RunFolder } from '../../ledger/run-folder.ts';
import type { LiveSource } from '../../sinks/live/server.ts';

export interface RunAnswers {
  readonly api: LiveSource['api'];
  close(): void;
}

/** Answers to questions about a run directory, which may be in work. @param path null while there is none yet */
export function runAnswers(path: () => string | null): RunAnswers {
  const folder = async (): Promise<RunFolder> => {
    const run = path();
    if (run === null) throw new RangeError('The run has not begun yet: ask again in a moment.');
    return openRunFolder(run);
  };
  return {
    api: {
      run: async () => (await folder()).run,
      domains: async () => domainStates(committedTotals(await folder()), Number.POSITIVE_INFINITY),
      flows: async () => {
        const { steps } = committedTotals(await folder());
        const flows = Object.entries(steps).map(([step, rules]) => [step, flowsOf(Object.values(rules), Infinity)]);
        return Object.fromEntries(flows);
      },
    },
    close: () => {},
  };
}
