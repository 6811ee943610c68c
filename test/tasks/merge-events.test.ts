import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fromGenerator, type EventSource } from '../../src/engine/event-source.ts';
import { mergeEvents } from '../../src/tasks/merge-events.ts';

const left: string[] = [];
const letters = (text: string, wait: Promise<unknown> = Promise.resolve()): EventSource<string> =>
  fromGenerator(generateLetters(text, wait));
async function* generateLetters(text: string, wait: Promise<unknown>): AsyncGenerator<string> {
  try {
    await wait;
    for (let i = 0; i < text.length; i++) yield text[i]!;
  } finally {
    await turn();
    left.push(text);
  }
}

describe('merged events', () => {
  it('yield every value once, in the order of its stream', async () => {
    const got = ['', '', ''];
    for await (const { source, value } of mergeEvents([letters('abc'), letters(''), letters('defgh')]))
      got[source] += value;
    expect(got).toEqual(['abc', '', 'defgh']);
  });

  it('alternate, and do not wait for a stream without a value', async () => {
    const late = Promise.withResolvers<void>();
    const order: number[] = [];
    for await (const { source } of mergeEvents([
      letters('aaaa'),
      letters('bb', late.promise),
      letters('cccc'),
    ])) {
      order.push(source);
      if (order.length === 8) late.resolve();
    }
    expect(order.slice(0, 8).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 0, 2, 2, 2, 2]);
    expect(order.slice(0, 4).toSorted((a, b) => a - b)).toEqual([0, 0, 2, 2]);
    expect(order.slice(8)).toEqual([1, 1]);
  });

  it('are all closed when one of them fails or the reader returns', async () => {
    left.length = 0;
    const failing = letters('x', Promise.reject(new Error('broken')));
    await expect(
      (async () => {
        for await (const _ of mergeEvents([letters('abcdef'), failing]));
      })(),
    ).rejects.toThrow('broken');
    // the error does not wait for it
    await turn();
    await turn();
    expect(left.toSorted()).toEqual(['abcdef', 'x']);
    left.length = 0;
    for await (const _ of mergeEvents([letters('abc'), letters('def')])) break;
    expect(left.toSorted()).toEqual(['abc', 'def']);
  });

  it('reject the next read when a stream fails between reads', async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown): void => void unheard.push(reason);
    process.on('unhandledRejection', hear);
    async function* failsAfterOne(): AsyncGenerator<string> {
      yield 'x';
      throw new Error('too late');
    }
    const got: string[] = [];
    try {
      const read = async (): Promise<void> => {
        for await (const { value } of mergeEvents([fromGenerator(failsAfterOne())])) {
          got.push(value);
          // a slow socket: the failure happens meanwhile
          for (let i = 0; i < 3; i++) await turn();
        }
      };
      await expect(read()).rejects.toThrow('too late');
    } finally {
      process.off('unhandledRejection', hear);
    }
    expect(got).toEqual(['x']);
    expect(unheard).toEqual([]);
  });
});
