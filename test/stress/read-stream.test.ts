import { expect, it } from 'vitest';
import { readStream, findStreamProblem } from '../../stress/http/read-stream.ts';

const event = (id: number, name: string, data: object): string =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const token = (id: number, text: string): string => event(id, 'token', { text, choice: 0 });
const done = (id: number, text: string): string => event(id, 'done', { generations: [{ text }] });
const problem = (...events: string[]): string | null => findStreamProblem(readStream(events.join('')));

it('accepts a complete stream', () => {
  expect(problem(token(0, 'a'), token(1, 'b'), done(2, 'ab'))).toBeNull();
});

it.each([
  ['cut off', [token(0, 'a')], 'ended with token'],
  ['ended by an error', [event(0, 'error', { code: 'internal' })], 'ended with error'],
  ['without an event', [token(0, 'a'), done(2, 'a')], 'event 1 has the id 2'],
  ['whose tokens are not its text', [token(0, 'a'), done(1, 'b')], 'its tokens spell "a", its text is "b"'],
])('finds a stream that is %s', (_, events, message) => {
  expect(problem(...events)).toContain(message);
});
