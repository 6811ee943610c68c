import { readdirSync, watch, type FSWatcher } from 'node:fs';

/** Copying a model causes many change events: report them after this pause. */
const pauseMs = 200;
/** Some file systems report no changes, so the folder is also polled. */
const pollMs = 5_000;
/** Share of the time, at most, in which a large folder is looked through because of polling. */
const pollShare = 0.2;

/**
 * Calls `changed` when something below a folder may have changed.
 * @param changed resolves when the folder has been looked through
 * @param recursive false: only the folder's own entries are watched, and the rest is polled. A watch of tens of
 * thousands of files takes seconds to set up, in which nothing else runs.
 * @returns a function that stops watching
 */
export function watchFolder(root: string, changed: () => Promise<void>, recursive = true): () => void {
  let watcher: FSWatcher | null = null;
  let pause: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    clearTimeout(pause);
    pause = setTimeout(() => void changed(), pauseMs).unref();
  };
  const detach = (): void => {
    watcher?.close();
    watcher = null;
  };
  const attach = (): void => {
    if (watcher) return;
    try {
      // a recursive watch that fails while it is set up cannot be closed, so check first that the folder can
      // be read
      readdirSync(root);
      watcher = watch(root, { recursive, persistent: false }, schedule).on('error', detach);
    } catch {
      // the folder does not exist yet, or the limit of watches or descriptors is reached: polling continues
    }
  };
  attach();
  let pollTimer: NodeJS.Timeout | undefined;
  let stopped = false;
  const poll = (afterMs: number): void => {
    if (stopped) return;
    pollTimer = setTimeout(() => {
      attach();
      const startedAt = performance.now();
      void changed().finally(() => poll(Math.max(pollMs, (performance.now() - startedAt) / pollShare)));
    }, afterMs).unref();
  };
  poll(pollMs);
  return () => {
    stopped = true;
    clearTimeout(pollTimer);
    clearTimeout(pause);
    detach();
  };
}
