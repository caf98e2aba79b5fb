// What a practitioner stumbled over in the first week, command by command: npx tsx scripts/certify/first-week.ts
// [--only F7] [--doc FOLDER]. Needs `npm run build`. A row a fault: the command, and whether the fault is gone.
// Skipped: rows that need the corpora ($SLUICE_CORPORA or ../shared/corpora), a Python with `datasets`
// ($SLUICE_PYTHON) or a folder of many files (--doc, such as /usr/share/doc: a minute), where there is none.
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cwd } from './first-week/asked.ts';
import { rowsOf } from './first-week/rows.ts';

const { values: options } = parseArgs({ options: { only: { type: 'string' }, doc: { type: 'string' } } });
const rows = rowsOf(options.doc);
let failed = 0;
try {
  for (const { id, what, command, ask } of rows) {
    if (options.only && ![options.only, 'F1', 'F1b'].includes(id)) continue;
    const verdict = ask();
    if (verdict?.[0] === false) failed++;
    const state = verdict === null ? 'skipped' : verdict[0] ? 'ok' : 'NOT OK';
    console.info(
      `${id.padEnd(4)} ${state.padEnd(8)} ${what}\n              ${command}${verdict ? ` -> ${verdict[1]}` : ''}`,
    );
  }
} finally {
  rmSync(cwd, { recursive: true, force: true });
}
console.info(failed === 0 ? '\nNo fault was found again.' : `\n${failed} of ${rows.length} NOT OK`);
process.exitCode = failed === 0 ? 0 : 1;
