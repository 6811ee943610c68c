import { refuseFile, shown, type Arrays } from '../arrays.ts';
import { readZip } from '../zip.ts';
import type { StorageRef, Value } from './pickle-values.ts';
import { elementBytes, storageOf, tensorsIn } from './tensors.ts';
import { unpickle } from './unpickle.ts';

/** The zip that torch.save and torch.jit.save write: `<name>/data.pkl`, and a storage each in `<name>/data/`. @throws UnrollError invalid_weights */
export function readPytorchZip(bytes: Uint8Array): Arrays {
  const entries = readZip(bytes, (name) => /(^|\/)(data\.pkl|byteorder|(data|constants)\/[^/]+)$/.test(name));
  const pickles = [...entries].filter(([name]) => /(^|\/)data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (!pickle || pickles.length > 1)
    return refuseFile(`the zip has ${pickles.length} data.pkl, must have one`);
  const folder = pickle[0].slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order).trim() !== 'little') refuseFile('its numbers are big-endian');
  const { value } = unpickle(pickle[1], storageOf);
  return tensorsIn(
    value,
    ({ key }) => entries.get(`${folder}data/${key}`) ?? refuseFile(`the storage ${shown(key)} is missing`),
  );
}

/** First of the five pickles of a file from before torch 1.6. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;

/** Four pickles (magic, protocol, system, value), a fifth with the storages' keys, and then each storage after its length. @throws UnrollError invalid_weights */
export function readPytorchLegacy(bytes: Uint8Array): Arrays {
  const storages = new Map<string, StorageRef>();
  let at = 0;
  const next = (): Value => {
    const { value, end } = unpickle(bytes.subarray(at), (id) => {
      const storage = storageOf(id);
      storages.set(storage.key, storage);
      return storage;
    });
    at += end;
    return value;
  };
  if (next() !== legacyMagic) refuseFile('is a pickle, but not one of torch.save');
  if (next() !== 1001) refuseFile('is a torch file of an unknown protocol');
  const system = next();
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    refuseFile('its numbers are big-endian');
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) return refuseFile('the file has no list of storages');

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places = new Map<string, Uint8Array>();
  for (const key of keys.map(String)) {
    const storage = storages.get(key);
    if (!storage) return refuseFile(`the storage ${shown(key)} belongs to no tensor`);
    if (at + 8 > bytes.length) refuseFile(`the storage ${shown(key)} is missing`);
    const elements = Number(view.getBigUint64(at, true));
    const end = at + 8 + elements * elementBytes(storage);
    if (!(end <= bytes.length))
      refuseFile(`the storage ${shown(key)} has ${elements} elements, the file ends before`);
    places.set(key, bytes.subarray(at + 8, end));
    at = end;
  }
  return tensorsIn(value, ({ key }) => places.get(key) ?? refuseFile(`the storage ${shown(key)} is missing`));
}
