import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createTimeSlice, nextTurn } from '../src/time-slice.ts';

/** Keeps the thread busy until a slice is used up. */
function useUp(slice: ReturnType<typeof createTimeSlice>): void {
  while (!slice.due());
}

describe('a time slice', () => {
  it('is due after some work, and anew after the next turn', async () => {
    const slice = createTimeSlice();
    expect(slice.due()).toBe(false);
    useUp(slice);
    await slice.next();
    expect(slice.due()).toBe(false);
  });

  it('lets the event loop turn between two slices', async () => {
    const slice = createTimeSlice();
    let turns = 0;
    const counting = (async () => {
      while (turns < 3) {
        await turn();
        turns++;
      }
    })();
    for (let i = 0; i < 5; i++) {
      useUp(slice);
      await slice.next();
    }
    expect(turns).toBe(3);
    await counting;
  });

  it('ends the work of a caller who has gone', async () => {
    const caller = new AbortController();
    const slice = createTimeSlice(caller.signal);
    await slice.next();
    caller.abort();
    await expect(slice.next()).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('waiters for the next turn', () => {
  it('are resumed one a turn, in order', async () => {
    let turns = 0;
    let over = false;
    const counting = (async () => {
      while (!over) {
        await turn();
        turns++;
      }
    })();
    const resumed: { waiter: number; turns: number }[] = [];
    await Promise.all(
      [0, 1, 2, 3].map(async (waiter) => {
        await nextTurn();
        resumed.push({ waiter, turns });
      }),
    );
    over = true;
    await counting;
    expect(resumed.map(({ waiter }) => waiter)).toEqual([0, 1, 2, 3]);
    expect(new Set(resumed.map((one) => one.turns)).size).toBe(4);
  });
});
