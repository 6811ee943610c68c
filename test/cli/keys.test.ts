import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { hashKey, readKeys } from '../../src/access/keys-file.ts';
import { createKey, listKeys, revokeKey } from '../../src/cli/keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'unroll-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'keys.json');

const out = vi.spyOn(console, 'log').mockImplementation(() => {});
const remarks = vi.spyOn(console, 'error').mockImplementation(() => {});
afterEach(() => {
  out.mockClear();
  remarks.mockClear();
});
const printed = (): string[] => out.mock.calls.map(([line]) => String(line));

describe('unroll keys', () => {
  it('prints a new key alone on standard output, and keeps its hash', () => {
    createKey(path, 'alice', { scope: ['infer', 'train'], model: ['lang*'], expires: '2d' });
    const [key, ...rest] = printed();
    expect(rest).toEqual([]);
    expect(readKeys(path)).toMatchObject([
      { name: 'alice', scopes: ['infer', 'train'], models: ['lang*'], sha256: hashKey(key!).toString('hex') },
    ]);
    expect(JSON.stringify([readKeys(path), remarks.mock.calls])).not.toContain(key);
  });

  it('lists keys without their hashes', () => {
    createKey(path, 'bob', {});
    out.mockClear();
    listKeys(path);
    expect(printed()).toEqual([
      expect.stringMatching(
        /^alice {2}infer,train {2}models lang\* {2}created \d{4}-\d\d-\d\d {2}expires \d{4}/,
      ) as string,
      expect.stringMatching(
        /^bob {2}infer {2}all models {2}created \d{4}-\d\d-\d\d {2}never expires$/,
      ) as string,
    ]);
  });

  it('removes a key', () => {
    revokeKey(path, 'alice');
    expect(readKeys(path).map(({ name }) => name)).toEqual(['bob']);
  });

  it.each([
    [() => createKey(path, 'bob', {}), 'NAME: there is a key bob'],
    [() => createKey(path, '../x', {}), 'NAME: must have 1 to 64 of'],
    [() => createKey(path, 'x', { scope: ['root'] }), '--scope: must be infer, train, admin, was "root"'],
    [() => createKey(path, 'x', { model: ['a b'] }), '--model: must be a model name'],
    [
      () => createKey(path, 'x', { expires: '2001-01-01' }),
      '--expires: must be days such as 90d, or a date in the future',
    ],
    [() => createKey(path, 'x', { expires: 'soon' }), '--expires: must be days'],
    [() => revokeKey(path, 'x'), 'NAME: there is no key x'],
    [() => listKeys(join(folder, 'none.json')), 'ENOENT'],
  ])('refuses invalid arguments by name and changes nothing: %s', (run, message) => {
    expect(run).toThrow(message);
    expect(readKeys(path).map(({ name }) => name)).toEqual(['bob']);
  });
});
