/** A piece closes with the first token with which it has so many bytes. */
export const PIECE_BYTES = 512;
/** What is left at the end and has fewer belongs to the piece before it. */
export const REST_BYTES = 128;

/**
 * Goes through the predicted tokens of one document after the other, in order, and finds the piece that surprises most
 * for its bytes.
 */
export interface PieceWalk {
  begin(): void;
  /**
   * The next token, or several that close no piece before the last of them.
   * @param nll negative log-likelihood, in nats
   * @param bytes of text that it stands for
   */
  add(nll: number, bytes: number): void;
  /** Bits per byte of the highest piece; null for a document that is one piece, or none. */
  end(): number | null;
}

/**
 * Pieces of a document: tokens in order, a piece closing at the first token with which it has at least 512 bytes; a
 * rest of less than 128 belongs to the piece before it.
 */
export function pieceWalk(): PieceWalk {
  let [nll, bytes] = [0, 0];
  /** The last piece that closed; a rest may still come to it. */
  let [lastNll, lastBytes] = [0, 0];
  let closed = 0;
  let highest = Number.NEGATIVE_INFINITY;
  const take = (): void => {
    highest = Math.max(highest, lastNll / Math.LN2 / lastBytes);
  };
  const close = (): void => {
    if (closed++ > 0) take();
    [lastNll, lastBytes] = [nll, bytes];
    [nll, bytes] = [0, 0];
  };
  return {
    begin() {
      nll = bytes = lastNll = lastBytes = closed = 0;
      highest = Number.NEGATIVE_INFINITY;
    },
    add(n, b) {
      nll += n;
      bytes += b;
      if (bytes >= PIECE_BYTES) close();
    },
    end() {
      if (bytes >= REST_BYTES) close();
      else {
        lastNll += nll;
        lastBytes += bytes;
      }
      if (closed < 2) return null;
      take();
      return highest;
    },
  };
}
