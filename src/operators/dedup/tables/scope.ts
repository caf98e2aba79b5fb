/** Stands in a side column (bytes, shingles) of a document that the step does not look at. */
export const OUT_OF_SCOPE = -1;
