import { expect, it } from 'vitest';
import { readSequencePart } from '../../../src/http/v2/sequence.ts';

it.each([
  [
    { sequence_id: 42, sequence_start: true },
    { id: 42, start: true, end: false },
  ],
  [
    { sequence_id: 'user-7', sequence_end: true, sequence_start: null },
    { id: 'user-7', start: false, end: true },
  ],
  [{ sequence_id: 0 }, null],
  [{ sequence_id: '' }, null],
  [{ sequence_id: null, max_tokens: 3 }, null],
])('reads %o', (given, part) => {
  expect(readSequencePart(given)).toEqual(part);
});

it.each([
  [{ sequence_id: 1.5 }, 'parameters.sequence_id'],
  [{ sequence_id: -1 }, 'parameters.sequence_id'],
  [{ sequence_id: 1, sequence_start: 'yes' }, 'parameters.sequence_start'],
  [{ sequence_start: true }, 'parameters.sequence_id: must be set'],
  [{ sequence_end: true }, 'parameters.sequence_id: must be set'],
])('refuses %o', (given, message) => {
  expect(() => readSequencePart(given)).toThrow(message);
});
