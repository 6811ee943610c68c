import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readImportedFile } from '../../src/formats/read-imported.ts';
import { fuzz, readOrRefused, seeds, externalFiles } from './fuzz.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe('a damaged file is read, or refused with a named error', () => {
  it.each(Object.keys(seeds))('%s', { timeout: 60_000 }, async (name) => {
    await readImportedFile(seeds[name]!, { externalFiles });
    // about one in fifty damaged HDF5 files runs into the time limit
    const count = name.startsWith('Keras') ? 200 : 300;
    expect(await fuzz(name, count)).toBeLessThan(count);
  });
});

/** A graph with one initializer, w [1], with the location /etc/passwd. */
function externalWeights(): Uint8Array {
  const message = (field: number, content: readonly number[]): number[] => [
    (field << 3) | 2,
    content.length,
    ...content,
  ];
  const entry = (key: string, value: string): number[] =>
    message(13, [...message(1, [...ascii(key)]), ...message(2, [...ascii(value)])]);
  const tensor = [
    8,
    1,
    16,
    1,
    ...message(8, [...ascii('w')]),
    ...entry('location', '../../../../etc/passwd'),
    14 << 3,
    1,
  ];
  return Uint8Array.from([8, 7, ...message(7, message(5, tensor))]);
}

describe('a malicious file', () => {
  const pickled = (text: string): Uint8Array => zipSync({ 'x/data.pkl': ascii(`\x80\x02${text}`) });

  it.each([
    ['a list in itself', pickled(']q\x00h\x00a.')],
    ['a dictionary in itself', pickled('}q\x00X\x01\x00\x00\x00ah\x00s.')],
    ['lists 100,000 deep', pickled(`${']'.repeat(100_000)}${'a'.repeat(99_999)}.`)],
    ['a memo of itself 1000 times over', pickled(`]q\x00${'h\x00a'.repeat(1000)}.`)],
    [
      'lists of lists of lists',
      pickled(
        `${']'.repeat(1)}${Array.from({ length: 60 }, () => 'q\x00](h\x00h\x00h\x00h\x00e').join('')}.`,
      ),
    ],
    ['marks without an end', pickled('('.repeat(100_000))],
    [
      'a tensor of a storage that is not there',
      pickled(
        'ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQK\x00K\x04\x85K\x01\x85\x89Ntq\x00R.',
      ),
    ],
    ['a class', pickled('cos\nsystem\n(X\x04\x00\x00\x00truetR.')],
    [
      'a class by way of the stack',
      pickled('X\x08\x00\x00\x00builtinsX\x04\x00\x00\x00exec\x93(X\x04\x00\x00\x00passtR.'),
    ],
    ['a number of a million digits', pickled('\x8b\x40\x42\x0f\x00')],
    ['a zip of nothing', zipSync({})],
    ['a zip that unpacks 1000 to 1', zipSync({ 'a.npy': new Uint8Array(100 * 1024 * 1024) }, { level: 9 })],
    ['a zip in which a path climbs out', zipSync({ '../../etc/passwd': ascii('x') })],
    ['ONNX weights in another file', externalWeights()],
    [
      'ONNX in which a message says it is longer than the file',
      Uint8Array.of(8, 7, 58, 0xff, 0xff, 0xff, 0x7f),
    ],
    ['ONNX of a number without an end', Uint8Array.of(8, 7, ...Array<number>(20).fill(0xff))],
    ['no bytes', new Uint8Array(0)],
    ['text', ascii('hello, this is a model')],
  ])('is refused: %s', async (_, bytes) => {
    expect(await readOrRefused(bytes)).toBe('refused');
  });
});
