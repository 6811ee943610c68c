import { expect, it } from 'vitest';
import { answerInOrder, isLines } from '../../../../src/http/v1/batch/answer-lines.ts';

async function* count(to: number, taken: number[]): AsyncGenerator<number> {
  for (let i = 0; i < to; i++) {
    taken.push(i);
    yield i;
  }
}

it('writes the answers in the order of the lines, whichever is ready first', async () => {
  const written: string[] = [];
  const answer = async (i: number): Promise<string> => {
    await new Promise((resolve) => setTimeout(resolve, (7 * i) % 5));
    return String(i);
  };
  await answerInOrder(count(100, []), answer, async (text) => void written.push(text));
  expect(written).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
});

it('writes an answer before the next line comes', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* lines(): AsyncGenerator<string> {
    yield 'first';
    await promise;
    yield 'second';
  }
  const written: string[] = [];
  await answerInOrder(
    lines(),
    async (line) => line,
    async (text) => {
      written.push(text);
      resolve();
    },
  );
  expect(written).toEqual(['first', 'second']);
});

it('takes no more lines while the answers are not read', async () => {
  const taken: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const all = answerInOrder(
    count(500, taken),
    async () => '',
    () => promise,
  );
  await new Promise((done) => setTimeout(done, 20));
  expect(taken.length).toBeLessThanOrEqual(33);
  resolve();
  await all;
  expect(taken).toHaveLength(500);
});

it('ends with the failure of a write', async () => {
  const write = async (): Promise<void> => {
    throw new Error('the client left');
  };
  await expect(answerInOrder(count(100, []), async () => '', write)).rejects.toThrow('the client left');
});

it('knows lines by their content type', () => {
  const of = (type?: string) => isLines({ headers: { ...(type !== undefined && { 'content-type': type }) } });
  expect([
    of('application/x-ndjson'),
    of('Application/X-NDJSON; charset=utf-8'),
    of('application/json'),
    of(),
  ]).toEqual([true, true, false, false]);
});
