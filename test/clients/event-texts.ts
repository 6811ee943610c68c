import { createParser } from 'eventsource-parser';
import fc from 'fast-check';

// Event streams for parsers, and what a parser that others wrote reads in them.

const pieces = [
  'data: ',
  'data:',
  'data',
  'event: ',
  'event',
  'id: 1',
  'retry: 5',
  ': comment',
  ':',
  ' ',
  'x',
  '{"a":1}',
  'é',
  '😀',
  '\ufeff',
  '\0',
  '\n',
  '\n',
  '\n\n',
  '\r\n',
  '\r\n\r\n',
  '\r',
];

/** The bytes of a stream, and where they are cut into chunks. */
export const cutStreams = fc
  .record({
    // a line end at the end, so that no parser waits for the second half of one
    text: fc
      .array(fc.constantFrom(...pieces), { maxLength: 40 })
      .map((parts) => `${parts.join('')}\ndata: end\n\n`),
    cuts: fc.array(fc.nat(), { maxLength: 12 }),
  })
  .map(({ text, cuts }) => {
    const bytes = new TextEncoder().encode(text);
    const at = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
    const ends = [...at, bytes.length];
    return { text, chunks: ends.map((end, i) => bytes.slice(ends[i - 1] ?? 0, end)) };
  });

/** @returns the name and data of each event */
export function readByOracle(text: string): [event: string, data: string][] {
  const events: [string, string][] = [];
  const parser = createParser({ onEvent: ({ event, data }) => events.push([event ?? 'message', data]) });
  parser.feed(text);
  return events;
}
