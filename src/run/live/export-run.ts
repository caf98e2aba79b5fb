import { resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { cellsOf } from '../../ledger/live/cells-of.ts';
import type { ChosenDocument } from '../../ledger/live/choice.ts';
import type { LiveState } from '../../ledger/live/state.ts';
import { openRunFolder } from '../../ledger/run-folder.ts';
import { exportPage } from '../../sinks/live/export.ts';
import { stepsIn } from '../recut/earlier-run.ts';
import { runAnswers } from './answers.ts';
import { folderState } from './follow-folder.ts';
import { maskOf, withoutPersonal } from './masked.ts';

/** What an exported page holds of the documents of a run. */
const SIZES = { each: 6, all: 60, ofRule: 2, atCut: 4, rules: 12 } as const;
/** Bytes of the text of each, and of everything about all of them. */
const TEXT_BYTES = 4096;
const ALL_BYTES = 2_000_000;

/**
 * The live page of a run as one HTML file, with its curves and histograms, and some documents of each domain,
 * outcome and rule and near the thresholds, with all that is known of them. Where the recipe looks for
 * personal data, texts stand in it as `pii()` masks them. Errors: those of `openRunFolder`.
 * @param text false: no text of documents and no ids
 */
export async function exportRun(folder: string, { text = true }: { readonly text?: boolean } = {}): Promise<string> {
  const path = resolve(folder);
  const state = await folderState(path);
  const { api, chosen, close } = runAnswers(() => path);
  try {
    const answers: Record<string, unknown> = {};
    const ask = async (name: string, query: Record<string, string> = {}, extra: Record<string, string> = {}) => {
      const asked = new URLSearchParams(query).toString();
      const found = await api[name](new URLSearchParams({ ...query, ...extra }));
      answers[`api/${name}${asked ? `?${asked}` : ''}`] = found;
      return found;
    };
    const curves = (await ask('curves')) as object;
    for (const name of Object.keys(curves)) await ask('curve', { name }, { pixels: '1200' });
    await ask('bias');
    if (state.generators.length > 0) await ask('styles');
    const columns = await histograms(state, ask);
    const documents: ChosenDocument[] = [];
    if (text) {
      let room = ALL_BYTES;
      for (const d of await chosen(SIZES)) {
        const view = await api.document(new URLSearchParams({ position: d.position, bytes: String(TEXT_BYTES) }));
        room -= Buffer.byteLength(JSON.stringify(view)) + Buffer.byteLength(JSON.stringify(d));
        if (room < 0) break;
        answers[`api/document?${new URLSearchParams({ position: d.position })}`] = view;
        documents.push(d);
      }
    }
    const cells = Object.fromEntries(cellsOf(text ? state : withoutText(state)));
    const { steps } = stepsIn((await openRunFolder(path)).run);
    const mask = maskOf(steps);
    const shown = { cells, answers, documents };
    return exportPage({
      ...(mask === null ? shown : withoutPersonal(shown, mask)),
      columns,
      documentsNote: noteOf(documents, state),
      noDocuments: !text,
    });
  } finally {
    await close();
  }
}

/** What is in the list, and what is not. */
function noteOf(documents: readonly ChosenDocument[], { totals, quarantine }: LiveState): string {
  const all = totals.kept.documents + totals.dropped.documents + quarantine.documents;
  const [some, of] = [documents.length, all].map((n) => n.toLocaleString('en-US'));
  if (documents.length >= all) return 'This file holds all documents of the run.';
  return (
    `This file holds ${some} of ${of} documents: of each domain some kept and some dropped, of each rule some that ` +
    'it dropped, and the nearest to the thresholds of the rules that drop most; drawn by a hash of their ids. Search ' +
    'and filters look at these alone. All of them: sluice serve <run-dir>'
  );
}

/** Those of the columns that rules judge first; a column of text has none. */
async function histograms(
  state: LiveState,
  ask: (name: string, query: Record<string, string>) => Promise<unknown>,
): Promise<string[]> {
  const judged = state.rules.flatMap((r) => r.column ?? []);
  const columns: string[] = [];
  for (const column of new Set([...judged, ...state.run.annotations])) {
    if (!state.run.annotations.includes(column)) continue;
    try {
      await ask('histogram', { column });
      columns.push(column);
    } catch (error) {
      // A column of text has none; whatever else went wrong is told.
      if (!(error instanceof ConfigError)) throw error;
    }
  }
  return columns;
}

function withoutText(state: LiveState): LiveState {
  return {
    ...state,
    rules: state.rules.map((r) => ({ ...r, examples: [] })),
    quarantine: { ...state.quarantine, examples: [] },
    stopped: state.stopped && { ...state.stopped, examples: [] },
  };
}
