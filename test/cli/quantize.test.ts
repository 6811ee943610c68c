import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { inspectCommand } from '../../src/cli/inspect.ts';
import { quantizeCommand } from '../../src/cli/quantize.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { modelFolder, models } from '../e2e/model-folder.ts';

const folder = modelFolder(['classifier', 'writer', 'numbers']);
const work = mkdtempSync(join(tmpdir(), 'unroll-quantize-test-'));
afterAll(() => {
  folder.remove();
  rmSync(work, { recursive: true });
});
const held = join(work, 'held-out.jsonl');
const texts = ['the sea', 'a hill', 'noon', 'rain and wind', 'no', 'glass'];
writeFileSync(
  held,
  texts.map((text, i) => `${JSON.stringify({ text, label: ['red', 'green', 'blue'][i % 3] })}\n`).join(''),
);

async function quantize(
  reference: string,
  options: { precision?: string; data?: string } = {},
): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const given = { precision: 'int8', data: held, ...options, models: folder.path, memoryMegabytes: 64 };
  return { code: await quantizeCommand(reference, given, (line) => lines.push(line)), lines };
}
const readModel = (
  version: string,
): { precision: string; provenance: Record<string, unknown>; name: string } =>
  JSON.parse(readFileSync(join(folder.path, version, 'model.json'), 'utf8')) as never;

describe('unroll quantize', () => {
  it('prints each score with its change and publishes the next version', async () => {
    const { code, lines } = await quantize('classifier');
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^ +float32 +int8 +change$/);
    expect(lines[1]).toMatch(/^loss +[\d.]+ +[\d.]+ +[+-]?[\d.]+ %$/);
    expect(lines[2]).toMatch(/^accuracy +[\d.]+ +[\d.]+ +[+-]?[\d.]+ points$/);
    expect(lines.at(-1)).toBe(
      'published classifier@2 with int8 weights as classifier@int8; unroll publish classifier@2 gives it the traffic',
    );
    const model = readModel('classifier/2');
    expect(model).toMatchObject({ name: 'classifier', precision: 'int8' });
    expect(model.provenance['quantized']).toMatchObject({
      from: 'classifier@1',
      data: 'held-out.jsonl',
      float32: { accuracy: expect.any(Number) as number },
      int8: { accuracy: expect.any(Number) as number },
    });
    // the version before keeps the traffic
    expect(readFileSync(join(folder.path, 'classifier/aliases.json'), 'utf8')).toMatch(
      /"default": 1,\s+"int8": 2/,
    );
    // the weights stay float32 in the file
    const [before, after] = [1, 2].map((version) =>
      readSafetensors(readFileSync(join(folder.path, `classifier/${version}/weights.safetensors`))),
    );
    expect([...after!.keys()].sort()).toEqual([...before!.keys()].sort());
    for (const [name, { values }] of before!) expect(after!.get(name)!.values).toEqual(values);
  });

  it('quantises the version that is named, also one that is quantised', async () => {
    folder.write('classifier', 7, models.classifier, 2);
    await quantize('classifier@2', { precision: 'int16' });
    expect(readModel('classifier/8').precision).toBe('int16');
    expect(readModel('classifier/8').provenance['quantized']).toMatchObject({ from: 'classifier@2' });
  });

  it('is shown by unroll inspect', async () => {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    await inspectCommand(join(folder.path, 'classifier/2/weights.safetensors'), {}, print);
    expect(lines[1]).toBe('precision: int8, which model.json beside it sets');
    await inspectCommand(join(folder.path, 'classifier/1/weights.safetensors'), {}, print);
    expect(lines.filter((line) => line.startsWith('precision'))).toHaveLength(1);
  });

  it.each([
    [
      'another precision',
      'classifier',
      { precision: 'int4' },
      '--precision: must be int8 or int16, was "int4"',
    ],
    ['float32', 'classifier', { precision: 'float32' }, '--precision: must be int8 or int16, was "float32"'],
    ['a model that is not there', 'nobody', {}, 'there is no nobody in '],
    ['a version that is not there', 'writer@9', {}, 'there is no writer@9 in '],
    ['a path', '../..', {}, 'there is no ../.. in '],
    ['data that is not there', 'classifier', { data: '/none.jsonl' }, '--data: /none.jsonl cannot be read'],
    ['a folder as data', 'classifier', { data: work }, `--data: ${work} cannot be read`],
    ['records of another task', 'writer', {}, 'data: line 1'],
  ])('refuses %s and publishes nothing', async (_, reference, options, message) => {
    const versions = (): string[] =>
      readdirSync(folder.path).flatMap((name) => readdirSync(join(folder.path, name)));
    const before = versions();
    await expect(quantize(reference, options)).rejects.toThrow(message);
    expect(versions()).toEqual(before);
    expect(existsSync(join(folder.path, 'nobody'))).toBe(false);
  });
});
