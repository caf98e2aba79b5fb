/**
 * What stands before the id of a document of an earlier run in `duplicate_of`, where else a position label of this run
 * stands.
 */
export const EARLIER_RUN = 'earlier:';

/** Whether `duplicate_of` names a document of an earlier run. */
export const isEarlier = (duplicateOf: string | null | undefined): boolean =>
  duplicateOf?.startsWith(EARLIER_RUN) ?? false;
