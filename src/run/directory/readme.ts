import type { RunJson } from '../../ledger/run-json.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { runReadme } from '../../sinks/readme.ts';
import { sinkExtension } from '../../sinks/writers.ts';
import { createdIn, keptTextBytes, lostDocuments } from '../../streams/commits/counters.ts';
import { liveFiles } from '../../streams/commits/log.ts';
import type { CommitHead } from '../../streams/commits/store.ts';
import { tablePlaces } from './layout.ts';

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** README.md of a finished run: what is in the folder, and the block by which `load_dataset` finds it. */
export function runReadmeOf(recipe: Recipe, commits: readonly CommitHead[], run: RunJson): string {
  const written = tablePlaces(recipe).filter(({ name }) => liveFiles(commits, name).length > 0);
  const t = run.totals!;
  const made = createdIn(t);
  return runReadme({
    name: recipe.name,
    description: recipe.description,
    sinks: written.map(({ sink, name, folder }) => ({ name, folder, kind: sink.kind, extension: sinkExtension(sink) })),
    totals: [
      ['documents read', `${t.read.documents} (${megabytes(t.read.bytes)} of text)`],
      ...(made.documents > 0 ? [['documents created', `${made.documents} (${megabytes(made.bytes)})`] as const] : []),
      ['kept', `${t.kept.documents} (${megabytes(keptTextBytes(t))})`],
      ['dropped', `${t.dropped.documents} (${megabytes(t.dropped.bytes)})`],
      [
        'quarantined',
        `${lostDocuments(t)} in ${t.quarantined.records} records (${megabytes(t.quarantined.bytes)} raw)`,
      ],
      ['rules', run.versions.join(', ')],
    ],
  });
}
