import { createArrayCollector, type Arrays, type FileArray } from '../arrays.ts';
import { readZip } from '../zip.ts';
import { readNpy } from './npy.ts';

/**
 * Reads an npz file, a zip of npy files. An array has its file's name without `.npy`.
 * @throws UnrollError invalid_weights
 */
export function readNpz(bytes: Uint8Array): Arrays {
  const found = createArrayCollector<FileArray>();
  for (const [name, file] of readZip(bytes, (entry) => entry.endsWith('.npy'))) {
    const array = readNpy(file, name);
    found.reserve(array.values.length);
    found.add(name.slice(0, -'.npy'.length), array);
  }
  return found.arrays;
}
