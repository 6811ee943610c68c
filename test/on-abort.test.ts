import { describe, expect, test } from 'vitest';
import { onAbort } from '../src/on-abort.ts';

describe('listeners of a signal', () => {
  test('run once each when it aborts, in their order', () => {
    const controller = new AbortController();
    const ran: number[] = [];
    for (const number of [1, 2, 3]) onAbort(controller.signal, () => ran.push(number));
    controller.abort();
    controller.abort();
    expect(ran).toEqual([1, 2, 3]);
  });

  test('run at once where it has aborted', () => {
    const ran: string[] = [];
    onAbort(AbortSignal.abort(), () => ran.push('ran'))();
    expect(ran).toEqual(['ran']);
  });

  test('do not run once they are removed, also by one that runs before', () => {
    const controller = new AbortController();
    const ran: string[] = [];
    onAbort(controller.signal, () => ran.push('removed'))();
    onAbort(controller.signal, () => stopThird());
    const stopThird = onAbort(controller.signal, () => ran.push('third'));
    onAbort(controller.signal, () => ran.push('fourth'));
    controller.abort();
    expect(ran).toEqual(['fourth']);
  });

  test('are its own, not those of another signal', () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const ran: string[] = [];
    onAbort(first.signal, () => ran.push('first'));
    onAbort(second.signal, () => ran.push('second'));
    second.abort();
    expect(ran).toEqual(['second']);
  });
});
