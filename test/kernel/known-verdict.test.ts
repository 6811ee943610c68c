import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { keepVerdict, readVerdict } from '../../src/kernel/known-verdict.ts';

const folder = mkdtempSync(join(tmpdir(), 'unroll-verdict-'));
afterAll(() => rmSync(folder, { recursive: true }));

const createKernel = new URL('../../src/cells/create-kernel.ts', import.meta.url).href;
/** The reason for the path in a process of its own. */
const readReason = (mode: string, ...flags: string[]): string =>
  execFileSync(
    process.execPath,
    [
      ...flags,
      '--input-type=module',
      '-e',
      `const { createKernel } = await import('${createKernel}');
       process.stdout.write(createKernel({ mode: '${mode}', memoryMegabytes: 64 }).reason);`,
    ],
    { env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: folder }, encoding: 'utf8' },
  );
const listKept = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /kernel-\w+\.json$/.test(path));

describe("the self-test's verdict", () => {
  it('is kept beside the compiled code and read at the next start', () => {
    expect(readReason('auto')).toMatch(/its self-test gave the bits of the plain path/);
    const [kept, ...others] = listKept();
    expect(others).toEqual([]);
    const path = join(folder, kept!);
    writeFileSync(path, readFileSync(path, 'utf8').replace('its self-test', 'an earlier self-test'));
    expect(readReason('auto')).toMatch(/an earlier self-test gave the bits of the plain path/);
  });

  it('is not asked for where the plain path is chosen', () => {
    expect(readReason('plain')).toBe('UNROLL_KERNEL=plain asks for it');
  });

  it("holds for the same flags of Node's only", () => {
    expect(readReason('auto', '--stack-size=900')).toMatch(/its self-test gave the bits of the plain path/);
    expect(listKept()).toHaveLength(2);
  });

  it.each(['', '{', 'null', '{"path":"fastest","reason":"?"}', '{"path":"plain"}'])(
    'is not read from %j',
    (text) => {
      writeFileSync(join(folder, 'other.json'), text);
      expect(readVerdict({ folder, name: 'other.json' })).toBeNull();
    },
  );

  it('is not kept in a folder that cannot be written', () => {
    const place = { folder: '/dev/null/folder', name: 'kernel.json' };
    keepVerdict(place, { path: 'plain', reason: 'a test' });
    expect(readVerdict(place)).toBeNull();
  });
});
