import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scanSingleModel } from '../../src/repository/scan-single-model.ts';
import { temporaryFolder, writeModel } from './model-folders.ts';
import { createTestRepository, listed } from './test-repository.ts';

const found = async (path: string, name = ''): Promise<string[]> =>
  (await scanSingleModel(path, name)).found.map(
    (one) => `${one.name}@${one.version} ${one.file ?? 'any file'}`,
  );

const onnx = Uint8Array.of(0x08, 7, 0x3a, 0);

it('takes a folder of files for version 1, named after the folder or as the operator says', async () => {
  const root = temporaryFolder();
  writeModel(root, 'tiny', 5);
  const folder = join(root, 'tiny', '5');
  expect(await found(folder)).toEqual(['tiny@1 any file']);
  expect(await found(folder, 'my-service')).toEqual(['my-service@1 any file']);
  expect(await found(join(folder, 'model.json'))).toEqual(['tiny@1 any file']);
});

it('takes a folder of versions for these, unless a model is beside them', async () => {
  const root = temporaryFolder();
  writeModel(root, 'tiny', 5);
  writeModel(root, 'tiny', 6);
  writeFileSync(join(root, 'tiny', 'config.pbtxt'), 'name: "tiny"');
  expect(await found(join(root, 'tiny'))).toEqual(['tiny@5 any file', 'tiny@6 any file']);
  writeFileSync(join(root, 'tiny', 'model.onnx'), onnx);
  expect(await found(join(root, 'tiny'))).toEqual(['tiny@1 any file']);
});

it('takes a file alone, named without its extension', async () => {
  const root = temporaryFolder();
  for (const name of ['one.onnx', 'other.onnx', 'a b.onnx']) writeFileSync(join(root, name), onnx);
  expect(await found(join(root, 'one.onnx'))).toEqual(['one@1 one.onnx']);
  expect((await scanSingleModel(join(root, 'a b.onnx'), '')).skipped).toEqual([
    { path: 'a b', reason: 'has no valid name of a model: set UNROLL_MODEL_NAME' },
  ]);
});

it('follows a link that the operator gives, but none that leads out of it', async () => {
  const [root, elsewhere] = [temporaryFolder(), temporaryFolder()];
  writeModel(elsewhere, 'tiny', 1);
  symlinkSync(join(elsewhere, 'tiny', '1'), join(root, 'models'));
  writeFileSync(join(elsewhere, 'blob'), onnx);
  symlinkSync(join(elsewhere, 'blob'), join(root, 'linked.onnx'));
  expect(await found(join(root, 'linked.onnx'))).toEqual(['linked@1 blob']);

  const serve = async (path: string) => {
    const { repository } = createTestRepository(path, { scan: () => scanSingleModel(path, 'served') });
    await repository.start();
    return repository;
  };
  // its model.json says `tiny`
  const repository = await serve(join(root, 'models'));
  expect(listed(repository)).toEqual([['served@1', true, null]]);
  expect(repository.unready()).toBeNull();

  const outside = join(root, 'outside');
  mkdirSync(outside);
  symlinkSync(join(elsewhere, 'tiny', '1', 'model.json'), join(outside, 'model.json'));
  const refused = await serve(outside);
  expect(listed(refused)[0]![2]).toMatch(/model\.json is a link that leads out of the models folder/);
  expect(refused.unready()).toBe('none of 1 model versions can be served: GET /v1/models says why');
});

it('says why it is not ready where the path does not exist', async () => {
  const path = join(temporaryFolder(), 'missing');
  const { repository } = createTestRepository(path, { scan: () => scanSingleModel(path, '') });
  await repository.start();
  expect(repository.unready()).toBe('the models folder cannot be read (ENOENT)');
});
