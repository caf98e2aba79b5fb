import { resolve } from 'node:path';
import { cellsOf } from '../../ledger/live/cells-of.ts';
import { exportPage } from '../../sinks/live/export.ts';
import { folderState } from './follow-folder.ts';

/** The live page of a run as one HTML file. Errors: those of `openRunFolder`. */
export async function exportRun(folder: string): Promise<string> {
  const state = await folderState(resolve(folder));
  return exportPage({ cells: Object.fromEntries(cellsOf(state)), answers: {} });
}
