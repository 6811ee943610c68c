import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findCurrentVersion, publishVersion } from '../../src/repository/publish-version.ts';

const root = mkdtempSync(join(tmpdir(), 'unroll-publish-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
function place(spec: object = { name: 'trial', n: 0.1 }): { models: string; from: string } {
  const home = join(root, String(++count));
  const from = join(home, 'from');
  mkdirSync(from, { recursive: true });
  writeFileSync(join(from, 'model.json'), JSON.stringify(spec));
  writeFileSync(join(from, 'weights.safetensors'), 'weights');
  return { models: join(home, 'models'), from };
}
const specIn = (models: string, name: string, version: number): unknown =>
  JSON.parse(readFileSync(join(models, name, String(version), 'model.json'), 'utf8'));

describe('publishVersion', () => {
  it('sets the name in model.json to that of the folder and changes nothing else', async () => {
    const { models, from } = place({ name: 'trial', nested: { name: 'trial' }, n: 0.1 });
    expect(await publishVersion(models, 'best', from)).toBe(1);
    expect(specIn(models, 'best', 1)).toEqual({ name: 'best', nested: { name: 'trial' }, n: 0.1 });
    expect(readFileSync(join(models, 'best/1/weights.safetensors'), 'utf8')).toBe('weights');
  });

  it('uses the next version number, once per publication id', async () => {
    const { models, from } = place();
    expect(await publishVersion(models, 'm', from)).toBe(1);
    expect(await publishVersion(models, 'm', from, { publication: 'job_1:10' })).toBe(2);
    expect(await publishVersion(models, 'm', from, { publication: 'job_1:20' })).toBe(3);
    expect(await publishVersion(models, 'm', from, { publication: 'job_1:10' })).toBe(2);
    expect(await publishVersion(models, 'other', from, { publication: 'job_1:10' })).toBe(1);
    rmSync(join(models, 'm/2'), { recursive: true });
    expect(await publishVersion(models, 'm', from, { publication: 'job_1:10' })).toBe(4);
  });

  const aliasesIn = (models: string): unknown =>
    existsSync(join(models, 'm/aliases.json'))
      ? (JSON.parse(readFileSync(join(models, 'm/aliases.json'), 'utf8')) as { aliases: unknown }).aliases
      : null;

  it('moves the alias default where it is set, and leaves the traffic where another alias is given', async () => {
    const { models, from } = place();
    await publishVersion(models, 'm', from);
    await publishVersion(models, 'm', from);
    expect(aliasesIn(models)).toBeNull();
    expect(await findCurrentVersion(models, 'm')).toMatchObject({ version: 2 });
    await publishVersion(models, 'm', from, { alias: 'canary' });
    expect(aliasesIn(models)).toEqual({ canary: 3, default: 2 });
    expect(await findCurrentVersion(models, 'm')).toMatchObject({ version: 2 });
    await publishVersion(models, 'm', from);
    expect(aliasesIn(models)).toEqual({ canary: 3, default: 4 });
    // the first version of a model has no traffic to leave
    await publishVersion(models, 'other', from, { alias: 'canary' });
    expect(await findCurrentVersion(models, 'other')).toMatchObject({ version: 1 });
  });

  it('gives no number of a deleted version again', async () => {
    const { models, from } = place();
    await publishVersion(models, 'm', from);
    writeFileSync(join(models, 'm/aliases.json'), '{"aliases":{},"last_version":7}');
    expect(await publishVersion(models, 'm', from)).toBe(8);
  });

  it('publishes nothing when the check under the lock throws', async () => {
    const { models, from } = place();
    await publishVersion(models, 'm', from);
    const check = ({ version }: { version: number | null }): void => {
      throw new Error(`is ${version} now`);
    };
    await expect(publishVersion(models, 'm', from, { check })).rejects.toThrow('is 1 now');
    expect(readdirSync(join(models, 'm'))).toEqual(['1']);
  });

  it('replaces the remains of a killed process’s attempt at the same publication', async () => {
    const { models, from } = place();
    mkdirSync(join(models, 'm/.draft-job_1-10'), { recursive: true });
    writeFileSync(join(models, 'm/.draft-job_1-10/weights.safetensors'), 'half');
    expect(await publishVersion(models, 'm', from, { publication: 'job_1:10' })).toBe(1);
    expect(readdirSync(join(models, 'm'))).toEqual(['1']);
    expect(readFileSync(join(models, 'm/1/weights.safetensors'), 'utf8')).toBe('weights');
  });

  it('publishes nothing when a file is missing', async () => {
    const { models, from } = place();
    rmSync(join(from, 'weights.safetensors'));
    await expect(publishVersion(models, 'm', from, { publication: 'job_1:10' })).rejects.toThrow(/ENOENT/);
    expect(readdirSync(join(models, 'm'))).toEqual([]);
  });
});
