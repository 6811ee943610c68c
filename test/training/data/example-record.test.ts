import { describe, expect, it } from 'vitest';
import { parseRecord } from '../../../src/training/data/example-record.ts';

describe('a record of a prompt and its completion', () => {
  const pair = { prompt: 'good ', completion: ' morning' };
  it.each([
    ['generate', { text: 'good  morning' }],
    ['classify', { text: 'good ', label: 'morning' }],
    ['decode', { source: 'good ', target: ' morning' }],
  ] as const)('is read for %s', (task, record) => {
    expect(parseRecord(task, pair)).toEqual(record);
  });

  it('may have no prompt for a text that is generated', () => {
    expect(parseRecord('generate', { completion: 'a' })).toEqual({ text: 'a' });
  });

  it.each([
    ['tag', pair, /labels/],
    ['generate', { prompt: 1, completion: 'a' }, /text: /],
    ['generate', { ...pair, text: 'a', label: 'b' }, /label/],
    ['generate', { prompt: '', completion: '' }, /text: /],
    ['classify', { completion: 'a' }, /text: /],
    ['generate', { messages: [] }, /messages/],
  ] as const)('is refused for %s: %j', (task, record, message) => {
    expect(parseRecord(task, record)).toMatch(message);
  });
});
