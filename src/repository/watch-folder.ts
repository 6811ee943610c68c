import { readdirSync, watch, type FSWatcher } from 'node:fs';

/** Copying a model causes many change events: report them after this pause. */
const pauseMs = 200;
/** Some file systems report no changes, so the folder is also polled. */
const pollMs = 5_000;

/** Calls `changed` when something below a folder may have changed. @returns a function that stops watching */
export function watchFolder(root: string, changed: () => void): () => void {
  let watcher: FSWatcher | null = null;
  let pause: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    clearTimeout(pause);
    pause = setTimeout(changed, pauseMs).unref();
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
      watcher = watch(root, { recursive: true, persistent: false }, schedule).on('error', detach);
    } catch {
      // the folder does not exist yet, or the limit of watches or descriptors is reached: polling continues
    }
  };
  attach();
  const pollTimer = setInterval(() => {
    attach();
    changed();
  }, pollMs).unref();
  return () => {
    clearInterval(pollTimer);
    clearTimeout(pause);
    detach();
  };
}
