import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { publishVersion } from '../../src/repository/publish-version.ts';

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
    expect(await publishVersion(models, 'm', from, 'job_1:10')).toBe(2);
    expect(await publishVersion(models, 'm', from, 'job_1:20')).toBe(3);
    expect(await publishVersion(models, 'm', from, 'job_1:10')).toBe(2);
    expect(await publishVersion(models, 'other', from, 'job_1:10')).toBe(1);
    rmSync(join(models, 'm/2'), { recursive: true });
    expect(await publishVersion(models, 'm', from, 'job_1:10')).toBe(4);
  });

  it('replaces the remains of a killed process’s attempt at the same publication', async () => {
    const { models, from } = place();
    mkdirSync(join(models, 'm/.draft-job_1-10'), { recursive: true });
    writeFileSync(join(models, 'm/.draft-job_1-10/weights.safetensors'), 'half');
    expect(await publishVersion(models, 'm', from, 'job_1:10')).toBe(1);
    expect(readdirSync(join(models, 'm'))).toEqual(['1']);
    expect(readFileSync(join(models, 'm/1/weights.safetensors'), 'utf8')).toBe('weights');
  });

  it('publishes nothing when a file is missing', async () => {
    const { models, from } = place();
    rmSync(join(from, 'weights.safetensors'));
    await expect(publishVersion(models, 'm', from, 'job_1:10')).rejects.toThrow(/ENOENT/);
    expect(readdirSync(join(models, 'm'))).toEqual([]);
  });
});
