/** ASCII white space. */
export const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);
