import { readdirSync, watch, type FSWatcher } from 'node:fs';

/** Copying a model in makes many changes: wait until they pause. */
const pauseMs = 200;
/** Some file systems report nothing, so we also look by ourselves. */
const pollMs = 5_000;

/** Calls `changed` when something below a folder may have changed. @returns stops it */
export function watchFolder(root: string, changed: () => void): () => void {
  let watcher: FSWatcher | null = null;
  let pause: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(pause);
    pause = setTimeout(changed, pauseMs).unref();
  };
  const lose = (): void => {
    watcher?.close();
    watcher = null;
  };
  const attach = (): void => {
    if (watcher) return;
    try {
      // a watch that fails half-way cannot be closed: one that cannot succeed is not begun
      readdirSync(root);
      watcher = watch(root, { recursive: true, persistent: false }, soon).on('error', lose);
    } catch {
      // no such folder yet, or no watch or descriptor left: polling goes on
    }
  };
  attach();
  const poll = setInterval(() => {
    attach();
    changed();
  }, pollMs).unref();
  return () => {
    clearInterval(poll);
    clearTimeout(pause);
    lose();
  };
}
