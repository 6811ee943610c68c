import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../../src/http/v2/inference-settings.ts';

describe('the parameters of a tensor request', () => {
  it.each([
    ['a whole number', { sequence_id: 42, sequence_start: true }, 'sequence_id'],
    ['zero, which is no sequence to others', { sequence_id: 0 }, 'sequence_id'],
    ['a text', { sequence_id: 'user-7', sequence_end: true }, 'sequence_id'],
    ['a beginning without an id', { sequence_start: true }, 'sequence_start'],
    ['an end without an id', { sequence_end: true }, 'sequence_end'],
  ])('that name a sequence are refused by every task: %s', (_, parameters, field) => {
    for (const task of ['classify', 'tag', 'predict', 'generate', 'decode', null] as const)
      expect(() => parseSettings(task, parameters)).toThrow(
        expect.objectContaining({
          code: 'invalid_request',
          message: `parameters.${field}: sequences do not keep state between requests`,
        }),
      );
  });

  it('are validated for a task with settings', () => {
    expect(parseSettings('generate', { max_tokens: 7, binary_data_output: true })).toMatchObject({
      max_tokens: 7,
    });
    expect(() => parseSettings('generate', { max_tokens: 'all' })).toThrow(/^parameters\.max_tokens: /);
    expect(() => parseSettings('decode', { colour: 'red' })).toThrow(/colour/);
  });

  it('are ignored by a task without settings', () => {
    expect(parseSettings('classify', { priority: 1, timeout_ms: 50 })).toMatchObject({ timeout_ms: 50 });
    expect(() => parseSettings('classify', { timeout_ms: -1 })).toThrow(/^parameters\.timeout_ms: /);
  });
});
