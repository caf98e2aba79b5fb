import type { SharedFolder } from '../../files/stores/shared-folder.ts';
import type { PutResult } from '../../files/stores/store.ts';

/** What a live attempt says again and again. */
export interface Beat {
  readonly beats: number;
  /** Splits in work. */
  readonly splits: readonly number[];
  /** In a store: another process has taken the attempt for dead, and it cannot raise it any more. */
  readonly sealed?: true;
}

export interface Heartbeat {
  working(splits: readonly number[]): void;
  /** True once somebody else has sealed it, or deleted what it belongs to. */
  stopped(): boolean;
  end(): Promise<void>;
}

/**
 * Raises a counter until it is ended. In a store each beat is put over the one before and nothing else, so one who
 * seals it ends it; what comes while a beat is on its way goes with the next.
 */
export function heartbeat(run: SharedFolder, path: string, beatMs: number): Heartbeat {
  let beats = 0;
  let splits: readonly number[] = [];
  let version: string | null = null;
  let stopped = false;
  let begun = false;
  let due = false;
  let writing: Promise<void> | null = null;

  async function put(): Promise<void> {
    const text = JSON.stringify({ beats: ++beats, splits } satisfies Beat);
    if (run.stored === null) {
      stopped ||= begun && !(await run.has(path));
      if (!stopped) await run.say(path, text);
      begun = true;
      return;
    }
    const over = (): Promise<PutResult> => run.put(path, text, version === null ? 'absent' : { version });
    let result = await over();
    if (!result.written && (await findsOwn())) result = await over();
    if (result.written) version = result.version;
    else stopped = true;
  }

  /** Whether what stands there is an earlier beat of ours, whose answer never came: then this one goes over it. */
  async function findsOwn(): Promise<boolean> {
    // Its version first: whoever seals it meanwhile has put another one.
    const found = await run.version(path);
    const text = found === null ? null : await run.read(path);
    if (text === null || (JSON.parse(text) as Beat).sealed) return false;
    version = found;
    return true;
  }

  function beat(): void {
    due = !stopped;
    writing ??= (async () => {
      while (due) {
        due = false;
        // A full disk, or a store that is away, ends the attempt where it writes its output; a heartbeat that is lost
        // is made up by the next.
        await put().catch(() => {});
      }
      writing = null;
    })();
  }

  beat();
  const timer = setInterval(beat, beatMs);
  return {
    working(now) {
      // In a store a split that has ended may wait: what counts is what is in work when a process dies.
      const begins = now.some((split) => !splits.includes(split));
      splits = now;
      if (begins || run.stored === null) beat();
    },
    stopped: () => stopped,
    async end() {
      clearInterval(timer);
      await writing;
    },
  };
}
