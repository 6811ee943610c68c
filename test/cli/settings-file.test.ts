import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSettingsFile } from '../../src/cli/settings-file.ts';
import { ConfigError } from '../../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'unroll-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'unroll.config.json');

function read(content: string): Readonly<Record<string, string>> {
  writeFileSync(path, content);
  return readSettingsFile(path);
}

describe('the settings file', () => {
  it('has settings by their names in lower case, as texts, numbers or booleans', () => {
    expect(read('{"port": 9170, "models": "m", "watch": false, "max_steps": "12"}')).toEqual({
      PORT: '9170',
      MODELS: 'm',
      WATCH: 'false',
      MAX_STEPS: '12',
    });
    expect(read('\uFEFF{}')).toEqual({});
  });

  it.each([
    ['{"prot": 1}', '"prot": there is no such setting; the nearest is "port"'],
    ['{"UNROLL_PORT": 1}', 'the nearest is "port"'],
    ['{"maxSteps": 1}', 'the nearest is "max_steps"'],
    ['{"max-steps": 1}', 'the nearest is "max_steps"'],
    ['{"constructor": 1}', 'there is no such setting'],
    ['{"zzzzzzzzzz": 1}', '`unroll config` lists them'],
    ['{"port": null}', 'port: must be a text, a number, true or false, was null'],
    ['{"port": [1]}', 'port: must be a text, a number, true or false, was [1]'],
    ['[]', 'must be a JSON object'],
    ['{"port": 1', 'is not JSON'],
    ['', 'is not JSON'],
  ])('refuses %s with %s', (content, why) => {
    expect(() => read(content)).toThrow(ConfigError);
    expect(() => read(content)).toThrow(why);
    expect(() => read(content)).toThrow(path);
  });

  it('has at most a megabyte', () =>
    expect(() => read(`{"port": ${' '.repeat(1_048_576)}1}`)).toThrow('the limit is 1048576'));

  it('must be there where it is named, and need not in the working directory', () => {
    expect(() => readSettingsFile(join(folder, 'none.json'))).toThrow('cannot be read (ENOENT)');
    expect(() => readSettingsFile(folder)).toThrow('cannot be read (EISDIR)');
    expect(readSettingsFile()).toEqual({});
  });
});
