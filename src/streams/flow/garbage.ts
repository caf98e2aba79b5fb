import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null = null;

/**
 * Collects the garbage of this thread now. V8 waits until a heap has doubled, or a good while; buffers of a large
 * document, or all that was needed to plan, would stay beside the next work until then. 10 to 30 ms: for moments after
 * which much is garbage, never in a loop.
 */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
}
