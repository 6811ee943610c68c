import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createKeyRing, type KeyRing } from '../../src/access/key-ring.ts';
import { changeKeys, generateKey, hashKey, readKeys, type ApiKey } from '../../src/access/keys-file.ts';
import { until } from '../e2e/server-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'unroll-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let file = 0;
const newPath = (): string => join(folder, `${++file}.json`);

const entry = (name: string, key: string, more: Partial<ApiKey> = {}): ApiKey => ({
  name,
  sha256: hashKey(key).toString('hex'),
  scopes: ['infer'],
  created: '2026-01-01T00:00:00.000Z',
  ...more,
});
const add = (path: string, ...entries: ApiKey[]): void => changeKeys(path, (keys) => [...keys, ...entries]);

describe('a generated key', () => {
  it('has 256 random bits and a prefix', () => {
    expect(generateKey()).toMatch(/^unroll_[\w-]{43}$/);
    expect(generateKey()).not.toBe(generateKey());
  });
});

describe('a file of keys', () => {
  it('is created for its owner only, changed atomically, and never has a key', () => {
    const path = newPath();
    add(path, entry('a', 'secret-a'));
    add(path, entry('b', 'secret-b'));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readKeys(path).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(JSON.stringify(readKeys(path))).not.toContain('secret');
  });

  it('stays as it is when a change fails, or while another process changes it', () => {
    const path = newPath();
    add(path, entry('a', 'a'));
    expect(() => changeKeys(path, () => { throw new Error('no'); })).toThrow('no'); // prettier-ignore
    changeKeys(path, (keys) => {
      expect(() => add(path, entry('c', 'c'))).toThrow(
        `another process changes the keys; if none does, remove ${path}.draft`,
      );
      return keys;
    });
    add(path, entry('b', 'b'));
    expect(readKeys(path).map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it.each([
    ['{', 'is not valid JSON'],
    ['[]', 'expected object'],
    ['{"keys":[{"name":"a"}]}', 'keys.0.sha256'],
    [JSON.stringify({ keys: [{ ...entry('a', 'a'), scopes: ['root'] }] }), 'keys.0.scopes.0'],
    [JSON.stringify({ keys: [{ ...entry('a', 'a'), models: ['(a+)+'] }] }), 'keys.0.models.0'],
    [JSON.stringify({ keys: [{ ...entry('a', 'a'), models: ['*a*a*a*a*'] }] }), 'keys.0.models.0'],
    [JSON.stringify({ keys: [{ ...entry('a', 'a'), expires: 'soon' }] }), 'keys.0.expires'],
    [JSON.stringify({ keys: [{ ...entry('a', 'a'), expired: true }] }), 'keys.0'],
    [JSON.stringify({ keys: [entry('a', 'a'), entry('a', 'b')] }), 'must have different names'],
  ])('%s is refused with the field', (content, reason) => {
    const path = newPath();
    writeFileSync(path, content);
    expect(() => readKeys(path)).toThrow(reason);
    expect(() => readKeys(path)).toThrow(path);
  });
});

describe('a key ring', () => {
  let ring: KeyRing | undefined;
  afterEach(() => ring?.close());
  const errors: object[] = [];
  const log = { info: () => {}, error: (fields: object) => void errors.push(fields) };

  it('finds the caller of a key, and nobody for another, an empty, or an expired one', () => {
    const path = newPath();
    add(
      path,
      entry('a', 'key-a', { scopes: ['train'], models: ['x*', 'y.z'] }),
      entry('root', 'key-root', { scopes: ['admin'] }),
      entry('old', 'key-old', { expires: '2026-01-02T00:00:00+02:00' }),
      entry('new', 'key-new', { expires: '2999-01-01T00:00:00Z' }),
    );
    ring = createKeyRing(path, log);
    const caller = ring.find('key-a')!;
    expect(caller).toMatchObject({ name: 'a', all: false, scopes: new Set(['train']) });
    expect(['x', 'xab', 'y.z', 'yaz', 'ax', 'y.z2'].filter((name) => caller.models!.test(name))).toEqual([
      'x',
      'xab',
      'y.z',
    ]);
    expect(ring.find('key-root')).toMatchObject({
      all: true,
      models: null,
      scopes: new Set(['infer', 'train', 'admin']),
    });
    expect(ring.find('key-new')).toMatchObject({ name: 'new' });
    for (const key of ['key-old', 'key-b', '', 'KEY-A', hashKey('key-a').toString('hex')])
      expect(ring.find(key)).toBeNull();
  });

  it('reads the file again when it changes, and keeps its keys when that fails', async () => {
    const path = newPath();
    add(path, entry('a', 'a'));
    ring = createKeyRing(path, log);
    add(path, entry('b', 'b'));
    await until(() => ring!.find('b'), 20_000);
    writeFileSync(path, 'broken');
    await until(() => errors.length > 0, 20_000);
    expect(ring.find('a')).not.toBeNull();
    rmSync(path);
    add(path, entry('b', 'b'));
    await until(() => ring!.find('a') === null, 20_000);
    expect(ring.find('b')).not.toBeNull();
  });

  it('is not created without its file', () => {
    expect(() => createKeyRing(newPath(), log)).toThrow('ENOENT');
  });
});
