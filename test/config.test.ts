import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ConfigError, describeConfig, readConfig } from '../src/config.ts';

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
    ['UNROLL_PORT', 'abc'],
    ['UNROLL_PORT', 'tcp://'],
    ['UNROLL_MODEL_NAME', 'my model'],
    ['UNROLL_PORT', '65536'],
    ['UNROLL_PORT', '80.5'],
    ['UNROLL_PORT', ' '],
    ['UNROLL_PORT', '0x50'],
    ['UNROLL_PORT', '1e3'],
    ['UNROLL_DRAIN_MS', '-1'],
    ['UNROLL_CORS_ORIGIN', 'example.org'],
    ['UNROLL_CORS_ORIGIN', 'https://example.org/'],
    ['UNROLL_constructor', '1'],
    ['UNROLL_WORKERS', '0'],
    ['UNROLL_KERNEL', 'fast'],
    ['UNROLL_WATCH', 'yes'],
    ['UNROLL_LOG_LEVEL', 'loud'],
    ['UNROLL_MAX_STEPS', 'NaN'],
    ['UNROLL_NOTHING', '1'],
    ['UNROLL_REDIS_URL', 'localhost:6379'],
    ['UNROLL_REDIS_URL', 'http://localhost:6379'],
    ['UNROLL_REDIS_URL', 'redis://'],
    ['UNROLL_REDIS_URL', 'redis://localhost/jobs'],
  ])('refuse %s=%s by name', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => readConfig({ [name]: value })).toThrow(name);
  });

  it('report the given value and the allowed ones, for every invalid setting', () => {
    const given = { UNROLL_PORT: 'high', UNROLL_KERNEL: 'fast', UNROLL_WATCH: 'yes' };
    expect(() => readConfig(given)).toThrow(
      [
        'UNROLL_PORT: must be an integer from 0 to 65535, was "high"',
        'UNROLL_WATCH: must be true or false, was "yes"',
        'UNROLL_KERNEL: must be auto or plain, was "fast"',
      ].join('\n'),
    );
  });

  it.each(['*', 'https://example.org', 'http://localhost:3000'])('let in pages of %s if set', (origin) => {
    expect(readConfig({ UNROLL_CORS_ORIGIN: origin }).CORS_ORIGIN).toBe(origin);
  });

  it.each(['redis://localhost', 'rediss://user:secret@[::1]:6380/2'])('accept %s for Redis', (url) => {
    expect(readConfig({ UNROLL_REDIS_URL: url }).REDIS_URL).toBe(url);
  });

  it('do not show the password of a wrong URL', () => {
    const given = { UNROLL_REDIS_URL: 'redis://me:secret@localhost/jobs' };
    expect(() => readConfig(given)).toThrow(/was "redis:\/\/…@localhost\/jobs"/);
  });

  it('are all described', () => {
    for (const { name, allowed, meaning } of describeConfig()) {
      expect(name).toMatch(/^UNROLL_[A-Z_]+$/);
      expect(allowed).toMatch(/./);
      expect(meaning.length).toBeGreaterThan(5);
    }
    expect(describeConfig()).toHaveLength(Object.keys(readConfig({})).length);
  });
});
