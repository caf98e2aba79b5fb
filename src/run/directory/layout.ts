import type { SinkDescriptor } from '../../sinks/options.ts';
import { ledgerSink, quarantineSink, writesDocuments } from '../../sinks/writers.ts';

/** A table that a run writes: its name in commits and in SQL, and its folder below the run directory. */
export interface SinkPlace {
  readonly name: string;
  readonly folder: string;
  readonly sink: SinkDescriptor;
}

/** Where the sinks of a recipe write. The first that writes documents is `documents`, whatever its own name. */
export function sinkPlaces({ sinks }: { readonly sinks: readonly SinkDescriptor[] }): SinkPlace[] {
  const first = sinks.find(writesDocuments);
  return sinks.map((sink) =>
    sink === first
      ? { name: 'documents', folder: 'documents', sink }
      : { name: sink.name, folder: `sinks/${sink.name}`, sink },
  );
}

/** True of a recipe whose kept documents are written as rows. */
export const hasDocuments = (recipe: { readonly sinks: readonly SinkDescriptor[] }): boolean =>
  recipe.sinks.some(writesDocuments);

/** The sinks of a recipe, then the tables of every run. */
export const tablePlaces = (recipe: { readonly sinks: readonly SinkDescriptor[] }): SinkPlace[] => [
  ...sinkPlaces(recipe),
  { name: 'ledger', folder: 'ledger', sink: ledgerSink },
  { name: 'quarantine', folder: 'quarantine', sink: quarantineSink },
];

/** Indexes that a later run may read; written by barriers that save one. */
export const INDEX_FOLDER = 'indexes';

const number = (n: number): string => String(n).padStart(6, '0');

/** Name of the segment of a split, without extension: `documents/split-000012`. */
export const segmentPath = (folder: string, split: number, phase: number): string =>
  `${folder}/split-${number(split)}-${phase}`;

/** Files of a barrier for one split. */
export const barrierPaths = (step: string, split: number): { spill: string; keys: string; decision: string } => ({
  spill: `work/${step}/documents-${number(split)}`,
  keys: `work/${step}/keys-${number(split)}`,
  decision: `work/${step}/decision-${number(split)}`,
});
