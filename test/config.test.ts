import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { BadConfig, describeConfig, readConfig } from '../src/config.ts';

describe('the settings', () => {
  it('are safe by default: this machine only, a bounded queue, deadlines, a body limit', () => {
    expect(readConfig({})).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 8080,
      QUEUE: 1024,
      TIMEOUT_MS: 30_000,
      MAX_BODY_BYTES: 4_194_304,
      RATE_LIMIT: 0,
      CORS_ORIGIN: '',
      WORKERS: Math.max(1, availableParallelism() - 1),
    });
  });

  it('come from UNROLL_ variables, and from no others', () => {
    const config = readConfig({
      UNROLL_PORT: '9000',
      UNROLL_KERNEL: 'plain',
      UNROLL_WATCH: 'false',
      PORT: '1',
      HOME: '/',
    });
    expect(config).toMatchObject({ PORT: 9000, KERNEL: 'plain', WATCH: false });
  });

  it('take an empty variable for one that is not set', () => {
    expect(readConfig({ UNROLL_PORT: '' }).PORT).toBe(8080);
  });

  it.each([
    ['UNROLL_PORT', '65536'],
    ['UNROLL_PORT', '80.5'],
    ['UNROLL_WORKERS', '0'],
    ['UNROLL_KERNEL', 'fast'],
    ['UNROLL_WATCH', 'yes'],
    ['UNROLL_LOG_LEVEL', 'loud'],
    ['UNROLL_MAX_STEPS', 'NaN'],
    ['UNROLL_NOTHING', '1'],
  ])('refuse %s=%s by name', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(BadConfig);
    expect(() => readConfig({ [name]: value })).toThrow(name);
  });

  it('are all described', () => {
    for (const { name, meaning } of describeConfig()) {
      expect(name).toMatch(/^UNROLL_[A-Z_]+$/);
      expect(meaning.length).toBeGreaterThan(5);
    }
    expect(describeConfig()).toHaveLength(Object.keys(readConfig({})).length);
  });
});
