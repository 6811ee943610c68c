import { invalidWeights } from './format-errors.ts';
import { outlineProtobuf } from './protobuf-outline.ts';

/** A format that is recognized, but not read. */
interface UnreadFormat {
  /** What the file is: "a TensorFlow Lite model". */
  readonly name: string;
  /** What to do instead. */
  readonly advice: string;
}

/** What a format is recognized by: the file's bytes, or their beginning as text with one character a byte. */
type Test = (head: string, bytes: Uint8Array) => boolean;

const headBytes = 4096;
const tf2onnx = (option: string): string => `run python -m tf2onnx.convert ${option} --output model.onnx`;
const trees =
  'it contains decision trees or other models that are not recurrent networks, which are not served';

/** Whether a protobuf is the message that a format has at its top. */
const protobuf =
  (test: (fields: ReturnType<typeof outlineProtobuf>) => boolean): Test =>
  (_, bytes) =>
    test(outlineProtobuf(bytes));
const first = (fields: ReturnType<typeof outlineProtobuf>, number: number, length = 3): string =>
  String.fromCharCode(...(fields.get(number)?.content.subarray(0, length) ?? []));
const isVersioned = (fields: ReturnType<typeof outlineProtobuf>): boolean =>
  fields.get(1)?.wire === 0 && fields.get(2)?.wire === 2;

const formats: readonly (readonly [name: string, test: Test, advice: string])[] = [
  ['an empty file', (_, { length }) => length === 0, 'copy or download it again'],
  [
    'a Git LFS pointer, not the file itself',
    (head) => head.startsWith('version https://git-lfs.github.com/spec/'),
    'run git lfs pull where it was cloned, and copy the file again',
  ],
  ['a web page', (head) => /^\s*<(!doctype html|html)/i.test(head), 'the download failed: download it again'],
  [
    'a TensorFlow Lite model',
    (head) => head.slice(4, 8) === 'TFL3',
    `${tf2onnx('--tflite FILE')}, or save the Keras model: model.save("model.keras")`,
  ],
  [
    'an ONNX Runtime model (ORT format)',
    (head) => head.slice(4, 8) === 'ORTM',
    'use the .onnx file that it was made from',
  ],
  [
    'an ExecuTorch program',
    (head) => head.slice(4, 6) === 'ET',
    'export ONNX from PyTorch instead: torch.onnx.export(model, inputs, "model.onnx")',
  ],
  [
    'a GGUF or GGML file of llama.cpp',
    (head) => /^(GGUF|lmgg|tjgg|fmgg|ggml)/.test(head),
    'use the safetensors or PyTorch file that it was converted from, with a model.json',
  ],
  [
    'a MATLAB file',
    (head) => /^MATLAB \d/.test(head),
    'export the network in MATLAB: exportONNXNetwork(net, "model.onnx")',
  ],
  [
    'a Kaldi model',
    (head) => /^\s*<(Nnet|TransitionModel|Components)/.test(head.replace('\0B', '')),
    'write its matrices as text (nnet3-copy --binary=false), save them with numpy.savez, and describe the network in model.json',
  ],
  [
    'an OpenVINO model',
    (head) => /^(<\?xml[^>]*>\s*)?<net[\s>]/.test(head),
    'use the model that it was converted from, as ONNX',
  ],
  ['an XML file', (head) => head.startsWith('<?xml'), 'export the model as ONNX'],
  [
    'an XGBoost model',
    (head) =>
      /^(binf|bs64|\{L.{8}learner|\{\s*("version"\s*:\s*\[[^\]]*\]\s*,\s*)?"learner"\s*:)/s.test(head),
    trees,
  ],
  ['a LightGBM model', (head) => /^tree\r?\nversion=/.test(head), trees],
  ['a CatBoost model', (head) => head.startsWith('CBM1'), trees],
  [
    'an MXNet parameter file',
    (head) => head.startsWith('\x12\x01\0\0\0\0\0\0'),
    'export ONNX from MXNet: mx.onnx.export_model(symbol, params, shapes, types, "model.onnx")',
  ],
  ['an ncnn network', (head) => head.startsWith('7767517'), 'use the ONNX file that it was converted from'],
  [
    'a TensorFlow checkpoint',
    (head, bytes) =>
      head.startsWith('model_checkpoint_path:') ||
      Buffer.from(bytes.subarray(-8)).toString('hex') === '57fb808b247547db',
    `restore it and save the model: model.save("model.keras"); or ${tf2onnx('--checkpoint FILE.meta --inputs x:0 --outputs y:0')}`,
  ],
  [
    'an archive (tar)',
    (head) => head.slice(257, 262) === 'ustar',
    'unpack it, and put the model file itself here',
  ],
  [
    'a compressed file',
    (head) =>
      ['\x1f\x8b', '(\xb5/\xfd', '\xfd7zXZ', 'BZh', '7z\xbc\xaf', 'Rar!'].some((one) => head.startsWith(one)),
    'unpack it, and put the model file itself here',
  ],
  [
    'a MessagePack (msgpack) file, as Flax writes',
    (head) => /^([\x81-\x8f]|\xde..|\xdf....)([\xa1-\xbf]|\xd9.)[\w/. -]/s.test(head),
    'save its arrays with numpy: numpy.savez("weights.npz", **flax.traverse_util.flatten_dict(params, sep=".")), and describe the network in model.json',
  ],
  [
    'a Core ML model',
    protobuf((fields) => isVersioned(fields) && [...fields.keys()].some((number) => number >= 200)),
    'convert the model that it was made from to ONNX: Core ML cannot be converted back',
  ],
  [
    'a CNTK model',
    protobuf((fields) => isVersioned(fields) && /^\n.[a-z]/s.test(first(fields, 2))),
    'export ONNX from CNTK: model.save("model.onnx", format=C.ModelFormat.ONNX)',
  ],
  [
    'a TensorFlow SavedModel',
    protobuf((fields) => isVersioned(fields) && ['\n', '\x12'].includes(first(fields, 2, 1))),
    `${tf2onnx('--saved-model FOLDER')}, or save the Keras model: model.save("model.keras")`,
  ],
  [
    'a Paddle model',
    protobuf(
      (fields) =>
        fields.get(1)?.wire === 2 && first(fields, 1, 1) === '\b' && first(fields, 1).at(2) === '\x10',
    ),
    'run paddle2onnx --model_dir FOLDER --model_filename FILE --save_file model.onnx',
  ],
  [
    'a frozen TensorFlow graph',
    protobuf((fields) => fields.get(1)?.wire === 2 && isGraphNode(fields.get(1)!.content)),
    `${tf2onnx('--graphdef FILE --inputs x:0 --outputs y:0')}, with its own names of inputs and outputs`,
  ],
  [
    'a Caffe model',
    protobuf((fields) => fields.get(1)?.wire === 2 && fields.get(100)?.wire === 2),
    'convert it to ONNX',
  ],
];

/** Whether a message is a TensorFlow NodeDef: a name, then an operator. */
function isGraphNode(bytes: Uint8Array): boolean {
  const node = outlineProtobuf(bytes);
  return /^[\w./>-]+$/.test(first(node, 1, 64)) && /^_?[A-Z]\w*$/.test(first(node, 2, 64));
}

/** @throws UnrollError invalid_weights for a file whose format is known, but not read, with what to do instead */
export function refuseUnreadFormat(bytes: Uint8Array): void {
  const found = findUnreadFormat(bytes);
  if (found) invalidWeights(`the file is ${found.name}: ${found.advice}`);
}

/** Finds what a file is whose format is known, but not read; null when it is none of them. */
export function findUnreadFormat(bytes: Uint8Array): UnreadFormat | null {
  const head = Buffer.from(bytes.subarray(0, headBytes)).toString('latin1');
  const found = formats.find(([, test]) => test(head, bytes));
  return found ? { name: found[0], advice: found[2] } : null;
}

/** Libraries by the modules that their pickles name. */
const pickleLibraries: readonly (readonly [module: RegExp, name: string, advice: string])[] = [
  [/xgboost|lightgbm|catboost/, 'an XGBoost, LightGBM or CatBoost model', trees],
  [/joblib|sklearn/, 'a scikit-learn or joblib pickle', trees],
  [/keras|tensorflow/, 'a pickled Keras model', 'save it with model.save("model.keras")'],
  [/pandas/, 'pickled pandas data', 'it is no model'],
  [
    /numpy/,
    'a pickle of NumPy arrays',
    'save them with numpy.savez("weights.npz", **arrays), and describe the network in model.json',
  ],
];

/** @throws UnrollError invalid_weights for a pickle of another library than PyTorch, with what to do instead */
export function refuseUnreadPickle(bytes: Uint8Array): void {
  const head = Buffer.from(bytes.subarray(0, headBytes)).toString('latin1');
  const found = pickleLibraries.find(([module]) => module.test(head));
  if (found) invalidWeights(`the file is ${found[1]}: ${found[2]}`);
}
