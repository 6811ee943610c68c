import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findModelFile } from '../../src/repository/find-model-file.ts';
import { temporaryFolder } from './model-folders.ts';

const golden = join(import.meta.dirname, '../golden');
function getFolder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files))
    if (content instanceof Uint8Array || !content.includes('/')) writeFileSync(join(folder, name), content);
    else copyFileSync(join(golden, content), join(folder, name));
  return folder;
}
const find = (folder: string): Promise<string> => findModelFile(folder, folder);

describe('findModelFile', () => {
  it.each(['last.ckpt', 'pytorch_model.bin', 'model', 'mein Modell (3).v2', '模型.bin', 'model.onnx', '-x'])(
    'finds a file by its content, whatever its name: %s',
    async (name) => {
      const README = 'not a model\n';
      expect(await find(getFolder({ [name]: 'torch-files/tagger.pt', README, 'config.json': '{}' }))).toBe(
        name,
      );
    },
  );

  it('takes a topology, not the weights that it names', async () => {
    const files = {
      'net.json': 'old-keras-files/weights-and-config/model.json',
      'net.h5': 'old-keras-files/weights-and-config/model.h5',
    };
    expect(await find(getFolder(files))).toBe('net.json');
  });

  it('refuses several files, naming them', async () => {
    const folder = getFolder({ 'a.pt': 'torch-files/tagger.pt', b: 'onnx-files/branch-16.onnx' });
    await expect(find(folder)).rejects.toThrow(
      'model.json is missing, which must name the one to serve of "a.pt", "b"',
    );
  });

  it('names what the files are when it can read none', async () => {
    const folder = getFolder({ 'model.tflite': 'model.tflite' });
    await expect(find(folder)).rejects.toThrow('no file here is of a known format: "model.tflite"');
    writeFileSync(join(folder, 'model.tflite'), '\0\0\0\0TFL3');
    await expect(find(folder)).rejects.toThrow(
      'model.json is missing, and "model.tflite" is a TensorFlow Lite model: run python',
    );
    mkdirSync(join(folder, 'assets'));
    await expect(find(folder)).rejects.toThrow('"model.tflite" is a TensorFlow Lite model');
    await expect(find(getFolder({}))).rejects.toThrow('model.json is missing: the folder is empty');
  });

  it('reads no file outside of the models folder', async () => {
    const folder = temporaryFolder();
    symlinkSync(join(golden, 'torch-files/tagger.pt'), join(folder, 'model.pt'));
    await expect(find(folder)).rejects.toThrow('"model.pt" is a link that leads out of the models folder');
    const nested = temporaryFolder();
    mkdirSync(join(nested, 'inner'));
    await expect(find(nested)).rejects.toThrow(
      '"inner" is a folder: put its files into the version’s folder itself',
    );
  });
});
