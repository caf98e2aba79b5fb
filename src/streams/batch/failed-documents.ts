/** A document that a stage has found to fail by itself. */
export interface FailedDocument {
  /** Of the batch that the stage was given. */
  readonly row: number;
  /** What came of it, in one sentence. */
  readonly detail: string;
}

/**
 * Thrown by a stage that has searched for the documents on which it fails, so that nobody searches again: they are set
 * aside, and all others go through the steps once more. Only where no step of this phase has made documents before it,
 * since its rows are then those that were read.
 */
export class FailedDocuments extends Error {
  readonly documents: readonly FailedDocument[];
  constructor(documents: readonly FailedDocument[]) {
    super(documents[0].detail);
    this.name = 'FailedDocuments';
    this.documents = documents;
  }
}
