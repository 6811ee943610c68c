import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const script = (level: string): string =>
  `import { createLogger } from './src/telemetry/logger.ts';
   const log = createLogger('${level}');
   log.info({ size: 3 }, 'written');
   log.warn('louder');`;
const lines = (level: string): Record<string, unknown>[] =>
  spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script(level)], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

it('writes one JSON line per message, with an ISO time', () => {
  const [line, louder] = lines('info');
  expect(line).toMatchObject({ name: 'unroll', level: 30, size: 3, msg: 'written' });
  expect(line!['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(louder).toMatchObject({ level: 40, msg: 'louder' });
});

it('writes nothing below its level', () => {
  expect(lines('warn').map(({ msg }) => msg)).toEqual(['louder']);
  expect(lines('silent')).toEqual([]);
});
