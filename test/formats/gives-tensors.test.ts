import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImportedFile } from '../../src/formats/read-imported.ts';

const golden = join(import.meta.dirname, '../golden/onnx-files');
const givesTensors = async (file: string) =>
  (await readImportedFile(readFileSync(join(golden, `${file}.onnx`)))).network().givesTensors;

describe('layers', () => {
  it.each(['ends-16', 'last-state-11', 'mean-16', 'tagger-lstm-16', 'tagger-gru-11', 'graphs/attends-16'])(
    'give the tensors of %s, which has the batch first and one answer',
    async (file) => expect(await givesTensors(file)).toBe(true),
  );

  it.each(['tagger-time-first-16', 'stateful-16', 'conv-16', 'graphs/frames-16'])(
    'do not give those of %s: the steps first, states, fixed sizes',
    async (file) => expect(await givesTensors(file)).toBe(false),
  );
});
