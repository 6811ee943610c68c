import { Command } from 'commander';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { serverKeys, settingOptions } from '../../src/cli/setting-options.ts';
import { describeConfig, type Config } from '../../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'unroll-options-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'settings.json');

function read(
  args: string[],
  environment: NodeJS.ProcessEnv = {},
  settings = settingOptions(serverKeys),
): Config {
  let config: Config | undefined;
  settings
    .add(new Command('serve'))
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action((options: object) => void ({ config } = settings.read({ ...options }, environment)))
    .parse(args, { from: 'user' });
  return config!;
}

describe('options for settings', () => {
  it('come before the environment, which comes before the file', () => {
    writeFileSync(file, '{"port": 1, "slots": 1, "queue": 1}');
    expect(read(['--config', file, '--port', '3'], { UNROLL_PORT: '2', UNROLL_SLOTS: '2' })).toMatchObject({
      PORT: 3,
      SLOTS: 2,
      QUEUE: 1,
      MAX_STEPS: 8192,
    });
    expect(read(['--config', file], { UNROLL_SLOTS: '' })).toMatchObject({ SLOTS: 1 });
  });

  it('are there for every setting of a server', () => {
    const command = settingOptions(serverKeys).add(new Command('serve'));
    const flags = command.options.map(({ long }) => long);
    for (const { key } of describeConfig())
      if (!['API_KEY', 'SERVER', 'MAX_MODEL_BYTES'].includes(key))
        expect(flags).toContain(`--${key.toLowerCase().replaceAll('_', '-')}`);
    expect(new Set(flags).size).toBe(flags.length);
  });

  it('of true and false may leave out the value, or say no', () => {
    expect(read(['--open', '--no-watch'])).toMatchObject({ OPEN: true, WATCH: false });
    expect(read(['--open', 'false', '--watch', 'true'])).toMatchObject({ OPEN: false, WATCH: true });
    expect(read([])).toMatchObject({ OPEN: false, WATCH: true });
  });

  it('are named in errors by where the value was given', () => {
    writeFileSync(file, '{"slots": 0, "queue": -1}');
    const wrong = () => read(['--config', file, '--port', 'x'], { UNROLL_QUEUE: 'y' });
    expect(wrong).toThrow('--port: must be an integer from 0 to 65535, was "x"');
    expect(wrong).toThrow(`${file}: slots: must be an integer from 1 to 1024, was "0"`);
    expect(wrong).toThrow('UNROLL_QUEUE: must be an integer from 0 to 1000000, was "y"');
  });

  it('have other defaults where a command has, behind all else', () => {
    const settings = settingOptions(['REDIS_URL', 'PORT'], { PORT: '7' });
    expect(read([], {}, settings).PORT).toBe(7);
    expect(read([], { UNROLL_PORT: '8' }, settings).PORT).toBe(8);
  });

  it('leave out variables that Kubernetes sets for a Service', () => {
    expect(read([], { UNROLL_PORT: 'tcp://10.0.0.1:8080' }).PORT).toBe(8080);
  });
});
