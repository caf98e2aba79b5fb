import { resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { Listed } from '../../ledger/live/browse.ts';
import { cellsOf } from '../../ledger/live/cells-of.ts';
import type { LiveState } from '../../ledger/live/state.ts';
import { exportPage } from '../../sinks/live/export.ts';
import type { LiveSource } from '../../sinks/live/server.ts';
import { runAnswers } from './answers.ts';
import { folderState } from './follow-folder.ts';

/** Documents of each list that an exported page holds. */
const DOCUMENTS = 12;

/**
 * The live page of a run as one HTML file, with its curves, histograms, and the first documents of each outcome and
 * rule. Errors: those of `openRunFolder`.
 * @param text false: no text of documents and no ids
 */
export async function exportRun(folder: string, { text = true }: { readonly text?: boolean } = {}): Promise<string> {
  const path = resolve(folder);
  const state = await folderState(path);
  const { api, close } = runAnswers(() => path);
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
    const most = String(DOCUMENTS);
    if (text) {
      const wanted: Record<string, string>[] = [
        {},
        { outcome: 'kept' },
        { outcome: 'dropped' },
        { outcome: 'quarantined' },
      ];
      for (const query of [...wanted, ...state.rules.map((r) => ({ rule: `${r.step}.${r.rule}` }))])
        answers[`api/documents?${new URLSearchParams({ ...query, most })}`] = await firstDocuments(api, query);
    }
    const cells = Object.fromEntries(cellsOf(text ? state : withoutText(state)));
    return exportPage({ cells, answers, columns, noDocuments: !text });
  } finally {
    await close();
  }
}

/** As many as the page shows: an answer stops where its time is up. */
async function firstDocuments(api: LiveSource['api'], query: Record<string, string>): Promise<Listed> {
  const documents: Listed['documents'][number][] = [];
  for (let from = 0; ; ) {
    const most = String(DOCUMENTS - documents.length);
    const found = (await api.documents(new URLSearchParams({ ...query, most, from: String(from) }))) as Listed;
    documents.push(...found.documents);
    if (found.next === null || documents.length === DOCUMENTS) return { ...found, documents };
    from = found.next;
  }
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
