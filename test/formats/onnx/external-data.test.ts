import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import { createFolderFiles } from '../../../src/repository/folder-files.ts';
import { readModelFolder } from '../../../src/repository/read-model-folder.ts';
import { temporaryFolder } from '../../repository/model-folders.ts';
import { moveOut } from './move-out.ts';
import { getSequence } from '../../repository/sequence-model.ts';

// ONNX models with weights in an external file.

const whole = readFileSync(join(import.meta.dirname, '../../golden/onnx-files/tagger-lstm-16.onnx'));
const asSaved = (tensor: { offset: number; length: number }) => ({
  location: 'model.onnx.data',
  offset: String(tensor.offset),
  length: String(tensor.length),
});

/** A version folder with the model and its external data. */
function createFolder(entries: Parameters<typeof moveOut>[1] = asSaved): {
  root: string;
  folder: string;
  data: Uint8Array;
} {
  const root = temporaryFolder();
  const folder = join(root, 'tagger', '1');
  mkdirSync(folder, { recursive: true });
  const { model, data } = moveOut(whole, entries);
  writeFileSync(join(folder, 'model.onnx'), model);
  return { root, folder, data };
}
const read = ({ root, folder }: { root: string; folder: string }) =>
  readModelFolder(root, folder, 'tagger').then(getSequence);

describe('external tensors', () => {
  it('equal those of the same model without external data', async () => {
    const there = createFolder();
    writeFileSync(join(there.folder, 'model.onnx.data'), there.data);
    const inside = (await readImportedFile(whole)).network();
    expect(await (await read(there)).weights()).toEqual(inside.weights);
  });

  it.each(['parts/data.bin', './parts/./data.bin'])('may be in %s and have no length', async (location) => {
    const there = createFolder(({ offset }) => ({ location, offset: String(offset) }));
    mkdirSync(join(there.folder, 'parts'));
    writeFileSync(join(there.folder, 'parts/data.bin'), there.data);
    const inside = (await readImportedFile(whole)).network();
    expect(await (await read(there)).weights()).toEqual(inside.weights);
  });

  it('are refused when the file is missing, too short or of the wrong size', async () => {
    const there = createFolder();
    await expect(read(there)).rejects.toThrow('the external file "model.onnx.data" is missing');
    writeFileSync(join(there.folder, 'model.onnx.data'), there.data.subarray(0, 100));
    await expect(read(there)).rejects.toThrow(/bytes \d+ to \d+ of "model\.onnx\.data", which has 100/);
    const short = createFolder(({ offset }) => ({
      location: 'model.onnx.data',
      offset: String(offset),
      length: '4',
    }));
    writeFileSync(join(short.folder, 'model.onnx.data'), short.data);
    await expect(read(short)).rejects.toThrow(/takes \d+ bytes, it has 4/);
  });

  it.each(['-1', '1e9', '99999999999999999', ''])('are refused with the offset "%s"', async (offset) => {
    const there = createFolder(() => ({ location: 'model.onnx.data', offset }));
    writeFileSync(join(there.folder, 'model.onnx.data'), there.data);
    await expect(read(there)).rejects.toThrow(`offset "${offset}", must be a whole number`);
    await expect(read(there)).rejects.toMatchObject({ code: 'invalid_weights' });
  });

  it.each(['../secret', '/etc/passwd', 'a/../../secret', './../x', 'a\\b', 'C:x', '', '.', './'])(
    'are refused at the path "%s", which is none below the folder',
    async (location) => {
      const there = createFolder(() => ({ location }));
      writeFileSync(join(there.root, 'tagger/secret'), there.data);
      await expect(read(there)).rejects.toThrow('must be a relative path inside its folder');
    },
  );

  it('are refused behind a link that leads out of the folder', async () => {
    const there = createFolder();
    writeFileSync(join(there.root, 'tagger/secret'), there.data);
    symlinkSync('../secret', join(there.folder, 'model.onnx.data'));
    await expect(read(there)).rejects.toThrow('is a link that leads out of its folder');
  });

  it('are refused above the total size limit before they are read', async () => {
    const there = createFolder();
    writeFileSync(join(there.folder, 'model.onnx.data'), '');
    truncateSync(join(there.folder, 'model.onnx.data'), 2 ** 40);
    await expect(read(there)).rejects.toThrow('has 1099511627776 bytes, the limit is 2147483648');
    const two = createFolderFiles(there.folder, 10);
    writeFileSync(join(there.folder, 'a'), '123456');
    expect(await two.read('a')).toHaveLength(6);
    await expect(two.read('a')).rejects.toThrow('has 6 bytes, the limit is 4');
  });

  it('are refused when the model is read without its folder', async () => {
    const { model } = moveOut(whole, asSaved);
    await expect(readImportedFile(model)).rejects.toThrow(
      '"model.onnx.data", but it was given without its folder',
    );
  });
});
