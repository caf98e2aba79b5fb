import type { Alert } from '../../ledger/live/alerts.ts';
import type { LiveState } from '../../ledger/live/state.ts';
import { safeText } from '../../safe-text.ts';

const TIMEOUT_MS = 10_000;

/** Says alerts as they come, once each, and sends them to a webhook. */
export interface AlertWatch {
  look(state: LiveState): void;
  /** Alerts so far. */
  readonly count: number;
  /** Waits for what is being sent. */
  close(): Promise<void>;
}

/**
 * @param webhook gets a POST with `{run, alert}` as JSON for each; null: none
 * @param note says a line to the user
 */
export function watchAlerts(webhook: string | null, note: (line: string) => void): AlertWatch {
  const told = new Set<string>();
  const sending = new Set<Promise<void>>();
  let failed = false;
  const send = async (state: LiveState, alert: Alert | GuardAlert): Promise<void> => {
    try {
      const { name, status, recipeHash, startedAt } = state.run;
      const response = await fetch(webhook!, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ run: { name, status, recipeHash, startedAt }, alert }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`it answered ${response.status}`);
    } catch (error) {
      // The run goes on without whoever does not listen; said once.
      if (!failed) note(`The alert webhook failed: ${safeText((error as Error).message)}`);
      failed = true;
    }
  };
  const tell = (state: LiveState, alert: Alert | GuardAlert): void => {
    // Splits are committed in any order: where a drift begins may be found to be earlier.
    const key = `${alert.type} ${alert.of} ${alert.source}`;
    if (told.has(key)) return;
    told.add(key);
    if (alert.type !== 'guard') note(`Alert: ${safeText(alert.sentence)}`);
    if (webhook === null) return;
    const work = send(state, alert).finally(() => sending.delete(work));
    sending.add(work);
  };
  return {
    look(state) {
      for (const alert of state.alerts) tell(state, alert);
      if (state.stopped) tell(state, guardAlert(state.stopped));
    },
    get count() {
      return told.size;
    },
    async close() {
      await Promise.all(sending);
    },
  };
}

type GuardAlert = Pick<Alert, 'type' | 'of' | 'source' | 'documents' | 'share' | 'sentence'> & { readonly saw: object };

/** What a guard stopped the run for, as an alert. */
function guardAlert(saw: NonNullable<LiveState['stopped']>): GuardAlert {
  const { of, documents, outOf, share, max, flag } = saw;
  const [now, most] = [share, max].map((s) => `${Math.round(1000 * s) / 10} %`);
  const sentence = `A guard stopped the run: ${of} ${now} of ${outOf} documents, at most ${most} expected. ${flag}`;
  return { type: 'guard', of, source: null, documents, share, sentence, saw };
}
