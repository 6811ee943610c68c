import type { Arrays } from '../arrays.ts';
import { readZip } from '../zip.ts';
import type { StorageRef, PickleValue } from './pickle-values.ts';
import { getElementBytes, parsePersistent, readTensors } from './tensors.ts';
import { unpickle } from './unpickle.ts';
import { invalidWeights, quote } from '../format-errors.ts';
import { refuseUnreadPickle } from '../unread-formats.ts';

/**
 * Reads the zip of torch.save or torch.jit.save: `<name>/data.pkl`, and one file per storage in
 * `<name>/data/`. A TorchScript has `constants.pkl` and `constants/`, too, where torch.jit.freeze puts the weights:
 * they are named as its code does, `CONSTANTS.c0`.
 * @throws UnrollError invalid_weights
 */
export function readPytorchZip(bytes: Uint8Array): Arrays {
  const entries = readZip(bytes, (name) =>
    /(^|\/)((data|constants)\.pkl|byteorder|(data|constants)\/[^/]+)$/.test(name),
  );
  const pickles = [...entries].filter(([name]) => /(^|\/)data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (!pickle || pickles.length > 1)
    return invalidWeights(`the zip has ${pickles.length} data.pkl files, must have one`);
  const folder = pickle[0].slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order).trim() !== 'little')
    invalidWeights('its numbers are big-endian, must be little-endian');
  const read = (value: PickleValue, from: string): Arrays =>
    readTensors(
      value,
      ({ key }) =>
        entries.get(`${folder}${from}/${key}`) ?? invalidWeights(`the storage ${quote(key)} is missing`),
    );
  const arrays = read(unpickle(pickle[1], parsePersistent).value, 'data');
  const constants = entries.get(`${folder}constants.pkl`);
  if (!constants) return arrays;
  const { value } = unpickle(constants, parsePersistent);
  const named = Array.isArray(value) ? value.map((one, i) => [`CONSTANTS.c${i}`, one] as const) : [];
  return new Map([...arrays, ...read(new Map(named), 'constants')]);
}

/** The first of the five pickles in a file from before torch 1.6, and how a pickle begins that has it. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;
const magicBytes = Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex');

/**
 * Reads a file from before torch 1.6: four pickles (magic, protocol, system, value), a fifth with the
 * storages' keys, then each storage after its length.
 * @throws UnrollError invalid_weights
 */
export function readPytorchLegacy(bytes: Uint8Array): Arrays {
  if (!Buffer.from(bytes.subarray(0, 64)).includes(magicBytes)) refuseUnreadPickle(bytes);
  const storages = new Map<string, StorageRef>();
  let at = 0;
  const next = (): PickleValue => {
    const { value, end } = unpickle(bytes.subarray(at), (id) => {
      const found = parsePersistent(id);
      if (found.kind === 'storage') storages.set(found.key, found);
      return found;
    });
    at += end;
    return value;
  };
  if (next() !== legacyMagic)
    invalidWeights(
      'the file is a pickle, but not one of torch.save: save the weights alone, torch.save(model.state_dict(), "model.pt")',
    );
  if (next() !== 1001) invalidWeights('the torch file has an unknown protocol, must be 1001');
  const system = next();
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    invalidWeights('its numbers are big-endian, must be little-endian');
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) return invalidWeights('the file has no list of storages');

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storageBytes = new Map<string, Uint8Array>();
  for (const key of keys.map(String)) {
    const storage = storages.get(key);
    if (!storage) return invalidWeights(`the storage ${quote(key)} belongs to no tensor`);
    if (at + 8 > bytes.length) invalidWeights(`the storage ${quote(key)} is missing`);
    const elements = Number(view.getBigUint64(at, true));
    const end = at + 8 + elements * getElementBytes(storage);
    if (!(end <= bytes.length))
      invalidWeights(`the storage ${quote(key)} has ${elements} elements, more than the rest of the file`);
    storageBytes.set(key, bytes.subarray(at + 8, end));
    at = end;
  }
  return readTensors(
    value,
    ({ key }) => storageBytes.get(key) ?? invalidWeights(`the storage ${quote(key)} is missing`),
  );
}
