import { InputError } from '../../errors.ts';

/**
 * What a commit belongs to: a split between two barriers (numbered from 0), what a barrier decided, or the shards of a
 * sink.
 */
export type CommitPhase =
  | { readonly kind: 'split'; readonly number: number }
  | { readonly kind: 'decide'; readonly step: string }
  | { readonly kind: 'shard'; readonly sink: string };

export const splitPhase = (number: number): CommitPhase => ({ kind: 'split', number });
export const decidePhase = (step: string): CommitPhase => ({ kind: 'decide', step });
export const shardPhase = (sink: string): CommitPhase => ({ kind: 'shard', sink });

/** As it stands in commits.jsonl: `split/<number>`, `decide/<step>`, `shard/<sink>`. */
export function phaseName(phase: CommitPhase): string {
  switch (phase.kind) {
    case 'split':
      return `split/${phase.number}`;
    case 'decide':
      return `decide/${phase.step}`;
    case 'shard':
      return `shard/${phase.sink}`;
  }
}

/** Errors: InputError for a phase that this version does not know. */
export function phaseOf({ phase }: { readonly phase: string }): CommitPhase {
  const slash = phase.indexOf('/');
  const rest = phase.slice(slash + 1);
  switch (phase.slice(0, Math.max(0, slash))) {
    case 'split':
      if (/^\d+$/.test(rest)) return splitPhase(Number(rest));
      break;
    case 'decide':
      return decidePhase(rest);
    case 'shard':
      return shardPhase(rest);
  }
  throw new InputError({
    expected: 'a commit of a split, a decision or a shard',
    got: `phase ${JSON.stringify(phase)}`,
    where: 'commits.jsonl',
    fix: 'Use the version of Sluice that made the run.',
  });
}

/** Number of the phase of a split; null for other commits. */
export function splitPhaseNumber(commit: { readonly phase: string }): number | null {
  const phase = phaseOf(commit);
  return 'number' in phase ? phase.number : null;
}
