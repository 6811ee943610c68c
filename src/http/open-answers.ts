import type { Server } from 'node:http';

/**
 * Answers that are not yet written out. Node counts a connection as idle as soon as its answer is ended, and closing
 * idle connections cuts off what is still on its way to a slow reader: a server that ends waits for these first.
 */
export interface OpenAnswers {
  readonly count: number;
  /** Resolves when there is none. */
  allOut(): Promise<void>;
}

export function followAnswers(server: Server): OpenAnswers {
  // a number, no Set of answers: see engine/live-set.ts
  let open = 0;
  let waiting: (() => void)[] = [];
  server.prependListener('request', (_, answer) => {
    open++;
    // written out, or its reader has gone
    answer.once('close', () => {
      open--;
      if (open > 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    });
  });
  return {
    get count() {
      return open;
    },
    async allOut() {
      if (open > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
