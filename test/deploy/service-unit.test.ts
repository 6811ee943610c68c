import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { itWithProgram } from '../support/needs.ts';
import { runProgram } from '../support/run-program.ts';

const text = readFileSync(join(import.meta.dirname, '../../deploy/systemd/unroll.service'), 'utf8');
const systemd = { program: 'systemd-analyze', debianPackage: 'systemd' };

/** The unit with this process's Node, since systemd checks that the program exists. */
function writeUnit(): string {
  const folder = mkdtempSync(join(tmpdir(), 'unroll-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'unroll.service');
  writeFileSync(path, text.replace('/usr/bin/node', process.execPath));
  return path;
}

itWithProgram(systemd, 'systemd accepts the unit without a warning', async () => {
  expect(await runProgram('systemd-analyze', ['verify', writeUnit()])).toEqual({ code: 0, output: '' });
});

itWithProgram(systemd, 'the unit is exposed to 2.0 of 10 at most, by systemd’s own measure', async () => {
  const { code, output } = await runProgram('systemd-analyze', [
    'security',
    '--offline=true',
    '--threshold=20',
    '--no-pager',
    writeUnit(),
  ]);
  expect(output).toContain('Overall exposure level');
  expect(code).toBe(0);
});

it('its variables are settings', () => {
  const variables = [...text.matchAll(/^Environment=(.+)$/gm)].flatMap(([, list]) => list!.split(' '));
  const settings = Object.fromEntries(variables.map((one) => one.split('=', 2)));
  expect(readConfig(settings)).toMatchObject({
    MODELS: '/var/lib/unroll/models',
    DATA: '/var/lib/unroll/data',
  });
});
