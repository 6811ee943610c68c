import type { Arrays } from '../arrays.ts';
import { readZip } from '../zip.ts';
import type { StorageRef, PickleValue } from './pickle-values.ts';
import { getElementBytes, parseStorage, readTensors } from './tensors.ts';
import { unpickle } from './unpickle.ts';
import { invalidWeights, quote } from '../format-errors.ts';

/** The zip that torch.save and torch.jit.save write: `<name>/data.pkl`, and a storage each in `<name>/data/`. @throws UnrollError invalid_weights */
export function readPytorchZip(bytes: Uint8Array): Arrays {
  const entries = readZip(bytes, (name) => /(^|\/)(data\.pkl|byteorder|(data|constants)\/[^/]+)$/.test(name));
  const pickles = [...entries].filter(([name]) => /(^|\/)data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (!pickle || pickles.length > 1)
    return invalidWeights(`the zip has ${pickles.length} data.pkl, must have one`);
  const folder = pickle[0].slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order).trim() !== 'little')
    invalidWeights('its numbers are big-endian');
  const { value } = unpickle(pickle[1], parseStorage);
  return readTensors(
    value,
    ({ key }) =>
      entries.get(`${folder}data/${key}`) ?? invalidWeights(`the storage ${quote(key)} is missing`),
  );
}

/** First of the five pickles of a file from before torch 1.6. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;

/** Four pickles (magic, protocol, system, value), a fifth with the storages' keys, and then each storage after its length. @throws UnrollError invalid_weights */
export function readPytorchLegacy(bytes: Uint8Array): Arrays {
  const storages = new Map<string, StorageRef>();
  let at = 0;
  const next = (): PickleValue => {
    const { value, end } = unpickle(bytes.subarray(at), (id) => {
      const storage = parseStorage(id);
      storages.set(storage.key, storage);
      return storage;
    });
    at += end;
    return value;
  };
  if (next() !== legacyMagic) invalidWeights('is a pickle, but not one of torch.save');
  if (next() !== 1001) invalidWeights('is a torch file of an unknown protocol');
  const system = next();
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    invalidWeights('its numbers are big-endian');
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) return invalidWeights('the file has no list of storages');

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places = new Map<string, Uint8Array>();
  for (const key of keys.map(String)) {
    const storage = storages.get(key);
    if (!storage) return invalidWeights(`the storage ${quote(key)} belongs to no tensor`);
    if (at + 8 > bytes.length) invalidWeights(`the storage ${quote(key)} is missing`);
    const elements = Number(view.getBigUint64(at, true));
    const end = at + 8 + elements * getElementBytes(storage);
    if (!(end <= bytes.length))
      invalidWeights(`the storage ${quote(key)} has ${elements} elements, the file ends before`);
    places.set(key, bytes.subarray(at + 8, end));
    at = end;
  }
  return readTensors(
    value,
    ({ key }) => places.get(key) ?? invalidWeights(`the storage ${quote(key)} is missing`),
  );
}
