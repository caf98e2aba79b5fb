/**
 * Number of a created document behind the position of the document it is derived from: `2`, and `2.1` for one derived
 * from that; null for a document of the input. A column of its own in documents and ledger of a recipe that creates.
 */
export const DERIVED = 'derived';

/**
 * Columns that travel with created documents and are written to the ledger only: positions of the documents each was
 * made of (a line each), what wrote it, hash of the prompt, cost; and how many documents a row has created so far.
 */
export const LINEAGE = {
  parents: '_parents',
  generator: '_generator',
  promptHash: '_prompt_hash',
  cost: '_cost',
  created: '_created',
} as const;
