import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { detectFormat } from '../../src/formats/detect.ts';
import { readImportedFile } from '../../src/formats/read-imported.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';

const bytes = (...parts: (string | number | readonly number[])[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === 'string' ? [...Buffer.from(part, 'latin1')] : typeof part === 'number' ? [part] : part,
    ),
  );
const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
/** A protobuf field of bytes. */
const field = (number: number, ...content: (string | number | readonly number[])[]): number[] => {
  const body = bytes(...content);
  const key = number * 8 + 2;
  return [...(key < 128 ? [key] : [(key & 127) | 128, key >> 7]), body.length, ...body];
};
const varint = (number: number, value: number): number[] => [number * 8, value];

// The beginnings of files, as their libraries write them.
const unread: readonly (readonly [name: string, file: Uint8Array, advice: string])[] = [
  ['an empty file', bytes(), 'copy or download it again'],
  [
    'a Git LFS pointer',
    bytes('version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 1\n'),
    'git lfs pull',
  ],
  ['a web page', bytes('\n<!DOCTYPE html><html>'), 'download it again'],
  ['a TensorFlow Lite model', bytes([28, 0, 0, 0], 'TFL3', zeros(64)), 'tf2onnx.convert --tflite'],
  ['an ONNX Runtime model', bytes([28, 0, 0, 0], 'ORTM', zeros(64)), 'the .onnx file'],
  ['an ExecuTorch program', bytes([28, 0, 0, 0], 'ET12', zeros(64)), 'torch.onnx.export'],
  ['a GGUF or GGML file', bytes('GGUF', [3, 0, 0, 0], zeros(16)), 'safetensors'],
  ['a MATLAB file', bytes('MATLAB 5.0 MAT-file, Platform: GLNXA64'), 'exportONNXNetwork'],
  ['a MATLAB file', bytes('MATLAB 7.3 MAT-file', zeros(493), [0x89], 'HDF\r\n\x1a\n'), 'exportONNXNetwork'],
  ['a Kaldi model', bytes('<Nnet3> \ninput-node name=input dim=40'), 'numpy.savez'],
  ['a Kaldi model', bytes([0], 'B<TransitionModel> '), 'numpy.savez'],
  ['an OpenVINO model', bytes('<?xml version="1.0"?>\n<net name="lstm" version="11">'), 'as ONNX'],
  ['an XML file', bytes('<?xml version="1.0"?><PMML>'), 'ONNX'],
  ['an XGBoost model', bytes('{"learner":{"attributes":{}}}'), 'decision trees'],
  ['an XGBoost model', bytes('{L', zeros(7), 7, 'learner{'), 'decision trees'],
  ['a LightGBM model', bytes('tree\nversion=v4\n'), 'decision trees'],
  ['a CatBoost model', bytes('CBM1', zeros(16)), 'decision trees'],
  ['an MXNet parameter file', bytes([0x12, 1], zeros(14)), 'mx.onnx.export_model'],
  ['an ncnn network', bytes('7767517\n3 3\n'), 'ONNX'],
  ['a TensorFlow checkpoint', bytes('model_checkpoint_path: "ckpt-1"\n'), 'model.save("model.keras")'],
  [
    'a TensorFlow checkpoint',
    bytes([0, 0, 6], zeros(40), [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]),
    'model.save("model.keras")',
  ],
  ['an archive (tar)', bytes('model.onnx', zeros(247), 'ustar'), 'unpack it'],
  ['a compressed file', gzipSync('model'), 'unpack it'],
  [
    'a MessagePack (msgpack) file',
    bytes([0x81, 0xa6], 'params', [0x81, 0xa8], 'LSTMCell', 0x80),
    'numpy.savez',
  ],
  [
    'a Core ML model',
    bytes(varint(1, 4), field(2, field(1, field(1, 'input'))), field(500, field(1, 'x'))),
    'to ONNX',
  ],
  ['a CNTK model', bytes(varint(1, 1), field(2, field(1, 'inputs'), field(2, [8, 1]))), 'ModelFormat.ONNX'],
  [
    'a TensorFlow SavedModel',
    bytes(varint(1, 1), field(2, field(1, field(4, 'serve')))),
    'tf2onnx.convert --saved-model',
  ],
  ['a Paddle model', bytes(field(1, varint(1, 0), varint(2, 1), field(3, field(1, 'feed')))), 'paddle2onnx'],
  [
    'a frozen TensorFlow graph',
    bytes(
      field(1, field(1, 'lstm/x'), field(2, 'Placeholder')),
      field(1, field(1, 'y'), field(2, 'BlockLSTM')),
    ),
    'tf2onnx.convert --graphdef',
  ],
  ['a Caffe model', bytes(field(1, 'net'), field(100, field(1, 'lstm'))), 'ONNX'],
  [
    'a scikit-learn or joblib pickle',
    bytes([0x80, 4, 0x95], zeros(8), [0x8c, 7], 'sklearn.svm'),
    'not served',
  ],
  ['a pickled Keras model', bytes([0x80, 4, 0x95], zeros(8), [0x8c, 5], 'keras.src'), 'model.keras'],
  ['a pickle of NumPy arrays', bytes([0x80, 3], 'cnumpy.core.multiarray\n'), 'numpy.savez'],
  ['a pickle, but not one of torch.save', bytes([0x80, 2], 'N.'), 'model.state_dict()'],
];

describe('a format that is not read', () => {
  it.each(unread)('is named with what to do: %s', async (name, file, advice) => {
    const reading = readImportedFile(file);
    await expect(reading).rejects.toMatchObject({ code: 'invalid_weights' });
    await expect(reading).rejects.toThrow(`the file is ${name}`);
    await expect(reading).rejects.toThrow(advice);
  });

  it('of no known kind is refused with the formats that are read', async () => {
    for (const file of [bytes('hello'), bytes([1, 2, 3]), bytes([0x0a, 200]), bytes(zeros(100))])
      await expect(readImportedFile(file)).rejects.toThrow('the file is not ONNX, Keras');
  });
});

describe('detectFormat', () => {
  it.each([640, 896, 1152, 1408])(
    'takes safetensors with a header of %s bytes for what they are',
    (length) => {
      const file = writeSafetensors(new Map(), { pad: 'x'.repeat(length - 30) });
      const header = JSON.stringify({ __metadata__: { pad: '' } }).length;
      const exact = writeSafetensors(new Map(), { pad: 'x'.repeat(length - header) });
      expect(exact[0]).toBe(0x80);
      expect([detectFormat(file), detectFormat(exact)]).toEqual(['safetensors', 'safetensors']);
    },
  );

  it('knows ONNX by its fields, in any order', () => {
    const golden = readFileSync(join(import.meta.dirname, '../golden/onnx-files/tagger-gru-16.onnx'));
    expect(detectFormat(golden)).toBe('onnx');
    expect(detectFormat(golden.subarray(0, 64))).toBe('onnx');
    expect(detectFormat(bytes(field(7, field(2, 'g')), field(8, varint(2, 17)), varint(1, 8)))).toBe('onnx');
    expect(detectFormat(bytes(varint(1, 4), field(2, field(1, field(1, 'input')))))).toBe(null);
  });
});
