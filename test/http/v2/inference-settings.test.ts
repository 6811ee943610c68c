import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../../src/http/v2/inference-settings.ts';

describe('the parameters of a tensor request', () => {
  it('are validated for a task with settings', () => {
    expect(parseSettings('generate', { max_tokens: 7, binary_data_output: true }).settings).toEqual({
      max_tokens: 7,
    });
    expect(() => parseSettings('generate', { max_tokens: 'all' })).toThrow(/^parameters\.max_tokens: /);
  });

  it('that nobody here knows are ignored by every task', () => {
    for (const task of ['classify', 'tag', 'predict', 'generate', 'decode', null] as const)
      expect(parseSettings(task, { content_type: 'str', colour: 'red', headers: {} }).settings).toEqual({});
  });

  it('that are null are as if they were not there', () => {
    const given = { max_tokens: null, timeout: null, priority: null, sequence_id: null, timeout_ms: null };
    const nothing = { settings: {}, timeoutMs: undefined, priority: undefined };
    for (const task of ['classify', 'generate'] as const)
      expect(parseSettings(task, { ...given })).toEqual(nothing);
  });

  it('have Triton’s timeout in microseconds, 0 for none, and its priority', () => {
    for (const task of ['classify', 'generate', null] as const) {
      expect(parseSettings(task, { timeout: 250_000, priority: 1 })).toEqual({
        settings: {},
        timeoutMs: 250,
        priority: 1,
      });
      expect(parseSettings(task, { timeout: 0 }).timeoutMs).toBeUndefined();
      expect(parseSettings(task, { timeout: 9000, timeout_ms: 50 }).timeoutMs).toBe(50);
      for (const [name, value] of [
        ['timeout', -1],
        ['timeout', 'soon'],
        ['priority', 1.5],
        ['timeout_ms', -1],
      ] as const)
        expect(() => parseSettings(task, { [name]: value })).toThrow(new RegExp(`^parameters\\.${name}: `));
    }
  });
});
