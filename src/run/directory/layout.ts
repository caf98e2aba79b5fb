/** Folder of a sink below the run directory; the first sink of a recipe is `documents`. */
export const sinkFolder = (name: string): string => `sinks/${name}`;

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
