import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Curve, drawn } from '../../ledger/live/curves.ts';
import { type MixtureView, readMixtureView } from '../../ledger/live/mixture-view.ts';
import { readScalars, SCALARS_FILE, type ScalarsView } from '../../ledger/live/scalars.ts';
import type { LiveSource } from '../../sinks/live/server.ts';
import { windowOf, wrong } from './query.ts';

/** What stands beside a run, or without one: the log of a feed, the numbers of a training. */
export interface SideFiles {
  /** Reads again what has changed; the cells `mixture` and `training`, null where there is none. */
  cells(): Promise<readonly (readonly [string, unknown])[]>;
  readonly api: LiveSource['api'];
}

export function sideFiles(folder: string): SideFiles {
  let sign = '';
  let mixture: MixtureView | null = null;
  let training: ScalarsView | null = null;
  const refresh = async (): Promise<void> => {
    const now = signOf(folder);
    if (now === sign) return;
    sign = now;
    [mixture, training] = [await readMixtureView(folder), await readScalars(folder)];
  };
  const curves = (): Map<string, Curve> =>
    new Map([
      ...[...(mixture?.curves ?? [])].map(([k, c]): [string, Curve] => [`mixture/${k}`, c]),
      ...[...(training?.curves ?? [])].map(([k, c]): [string, Curve] => [`training/${k}`, c]),
    ]);
  return {
    async cells() {
      await refresh();
      const numbers = training && { columns: training.columns, rows: training.rows, last: training.last };
      return [
        ['mixture', mixture?.state ?? null],
        ['training', numbers],
      ];
    },
    api: {
      'side-curves': async () => {
        await refresh();
        return [...curves().keys()];
      },
      'side-curve': async (query) => {
        await refresh();
        const name = query.get('name') ?? '';
        const curve = curves().get(name);
        if (!curve && !(name.startsWith('mixture/') ? mixture : training))
          throw wrong('name', 'a curve of /api/side-curves', name);
        // Of a domain nothing has been measured yet.
        if (!curve) return { name, whole: null, points: 0, x: [], y: [] };
        const { from, to, pixels } = windowOf(query, curve.x);
        return { name, ...drawn(curve, from, to, pixels) };
      },
    },
  };
}

const signOf = (folder: string): string =>
  ['mixture.jsonl', join('feed', 'mixture.jsonl'), SCALARS_FILE]
    .map((name) => {
      const stat = statSync(join(folder, name), { throwIfNoEntry: false });
      return stat ? `${stat.size}.${stat.mtimeMs}` : '-';
    })
    .join(' ');
