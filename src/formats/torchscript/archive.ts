import { invalidModel, invalidWeights, quote } from '../format-errors.ts';
import { isKind, type PickleValue, type ScriptObject, type StorageRef } from '../pytorch/pickle-values.ts';
import { createTensorReader, parsePersistent, type TensorReader } from '../pytorch/tensors.ts';
import { unpickle } from '../pytorch/unpickle.ts';
import { readZip } from '../zip.ts';
import { parseCode } from './code/parse-code.ts';
import type { ClassCode, FunctionCode } from './code/syntax.ts';

/** A TorchScript archive: its code, the module that data.pkl describes, and the constants of the code. */
export interface Archive {
  readonly module: ScriptObject;
  readonly constants: readonly PickleValue[];
  readonly readTensor: TensorReader;
  /** By a qualified name, `__torch__.torch.nn.modules.rnn.LSTM`. Undefined where the archive has none. */
  findClass(name: string): ClassCode | undefined;
  findFunction(name: string): FunctionCode | undefined;
}

/** Bytes of all code files. */
const maxCodeBytes = 32 * 1024 * 1024;

/**
 * Reads an archive of torch.jit.save: `<name>/code/__torch__/….py`, `data.pkl` and `constants.pkl` with one
 * file per storage in `data/` and `constants/`.
 * @throws UnrollError invalid_weights
 */
export function readArchive(bytes: Uint8Array): Archive {
  const entries = readZip(bytes, (name) =>
    /(\.py|\.pkl|(^|\/)(byteorder|(data|constants)\/[^/]+))$/.test(name),
  );
  const pickles = [...entries.keys()].filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickles.length !== 1) invalidWeights(`the zip has ${pickles.length} data.pkl files, must have one`);
  const folder = pickles[0]!.slice(0, -'data.pkl'.length);
  const entry = (name: string): Uint8Array =>
    entries.get(folder + name) ?? invalidWeights(`the archive has no ${quote(name)}`);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order).trim() !== 'little')
    invalidWeights('its numbers are big-endian, must be little-endian');

  // storages of the two pickles may have the same keys
  const readers = new Map<StorageRef, TensorReader>();
  const load = (name: string): PickleValue => {
    const reader = createTensorReader(({ key }) => entry(`${name}/${key}`));
    return unpickle(entry(`${name}.pkl`), (id) => {
      const storage = parsePersistent(id);
      if (storage.kind !== 'storage') return invalidWeights('a persistent id is not a storage');
      readers.set(storage, reader);
      return storage;
    }).value;
  };
  const module = load('data');
  if (!isKind(module, 'object')) return invalidWeights('data.pkl has no module');
  const constants = load('constants');
  if (!Array.isArray(constants)) return invalidWeights('constants.pkl has no tuple');

  const code = readCode(entries, `${folder}code/`);
  return {
    module,
    constants,
    readTensor: (ref, name) => readers.get(ref.storage)!(ref, name),
    findClass: (name) => code.classes.get(name),
    findFunction: (name) => code.functions.get(name),
  };
}

/** Parses all code. A file `code/__torch__/a/b.py` has the names `__torch__.a.b.<name>`. */
function readCode(
  entries: ReadonlyMap<string, Uint8Array>,
  folder: string,
): { classes: ReadonlyMap<string, ClassCode>; functions: ReadonlyMap<string, FunctionCode> } {
  const classes = new Map<string, ClassCode>();
  const functions = new Map<string, FunctionCode>();
  let total = 0;
  for (const [name, bytes] of entries) {
    if (!name.startsWith(folder) || !name.endsWith('.py')) continue;
    total += bytes.length;
    if (total > maxCodeBytes) invalidWeights(`more than ${maxCodeBytes} bytes of code`);
    const path = name.slice(folder.length);
    const parsed = parseCode(bytes, `code/${path}`);
    const prefix = path.slice(0, -'.py'.length).replaceAll('/', '.');
    for (const one of parsed.classes.values()) classes.set(`${prefix}.${one.name}`, one);
    for (const one of parsed.functions.values()) functions.set(`${prefix}.${one.name}`, one);
  }
  if (classes.size === 0) invalidModel('the archive has no code');
  return { classes, functions };
}
