import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createEventParser } from '../../src/client/event-parser.ts';
import { cutStreams, readByOracle } from './event-texts.ts';

const parse = (...texts: string[]): [string, string][] => {
  const parser = createEventParser();
  return texts.flatMap((text) => parser.push(text)).map(({ event, data }) => [event, data]);
};

it('reads what another parser reads, however the bytes are cut', () => {
  fc.assert(
    fc.property(cutStreams, ({ text, chunks }) => {
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      const texts = chunks.map((chunk) => decoder.decode(chunk, { stream: true }));
      expect(parse(...texts)).toEqual(readByOracle(text));
    }),
    { numRuns: 2000 },
  );
});

it.each([
  ['a CR at the end of a chunk ends the line at once', ['data: a\r\r'], [['message', 'a']]],
  [
    'an LF after such a CR is none of its own',
    ['data: a\r', '\ndata: b\r', '\n\r', '\n'],
    [['message', 'a\nb']],
  ],
  ['lines of data are joined', ['data: a\ndata:\ndata: b\n\n'], [['message', 'a\n\nb']]],
  ['one space after the colon is none of the value', ['data:  a\n\n'], [['message', ' a']]],
  ['comments, ids and an event without data are none', [': a\nid: 7\nevent: b\n\n'], []],
  ['an event that is not complete is dropped', ['data: a\n\ndata: b\n'], [['message', 'a']]],
])('%s', (_, texts, events) => {
  expect(parse(...texts)).toEqual(events);
});
