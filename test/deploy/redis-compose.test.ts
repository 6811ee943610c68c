import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config.ts';

interface Service {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
}

const path = join(import.meta.dirname, '../../deploy/redis/docker-compose.yml');
const { services, volumes } = parse(readFileSync(path, 'utf8'), { merge: true }) as {
  services: Readonly<Record<string, Service>>;
  volumes: Readonly<Record<string, null>>;
};

describe('the servers and workers of deploy/redis', () => {
  const { redis, ...unroll } = services;

  it('have settings that are accepted, one Redis and the same folders', () => {
    expect(Object.keys(unroll)).toEqual(['server-1', 'server-2', 'worker-1', 'worker-2']);
    for (const { environment, volumes: mounted } of Object.values(unroll)) {
      expect(readConfig(environment!)).toMatchObject({ JOBS: 'bullmq', REDIS_URL: 'redis://redis:6379' });
      expect(mounted).toEqual(['data:/unroll/data', 'models:/unroll/models']);
    }
    expect(Object.keys(volumes)).toEqual(['data', 'models', 'redis']);
  });

  it('are two servers, as the image starts them, and two that take training jobs', () => {
    expect(Object.values(unroll).map(({ command }) => command?.at(-1))).toEqual([
      undefined,
      undefined,
      'train-worker',
      'train-worker',
    ]);
    expect(redis!.command).toContain('noeviction');
  });
});
