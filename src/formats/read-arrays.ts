import { refuseFile, type Arrays } from './arrays.ts';
import { detectFormat } from './detect.ts';
import { readNpy } from './numpy/npy.ts';
import { readNpz } from './numpy/npz.ts';
import { readPytorchLegacy, readPytorchZip } from './pytorch/read-pytorch.ts';
import { readSafetensors } from './safetensors.ts';
import { zipNames } from './zip.ts';

export interface ArraysFile {
  /** As people call it. */
  readonly format: string;
  readonly arrays: Arrays;
}

/** The arrays of a file of weights, whatever its name. @throws UnrollError invalid_weights */
export function readArrays(bytes: Uint8Array): ArraysFile {
  switch (detectFormat(bytes)) {
    case 'safetensors':
      return { format: 'safetensors', arrays: readSafetensors(bytes) };
    case 'npy':
      return { format: 'npy', arrays: new Map([['array', readNpy(bytes, 'the file')]]) };
    case 'pickle':
      return { format: 'PyTorch (before 1.6)', arrays: readPytorchLegacy(bytes) };
    case 'zip': {
      const names = zipNames(bytes);
      if (names.some((name) => /(^|\/)data\.pkl$/.test(name)))
        return {
          format: names.some((name) => /(^|\/)constants\.pkl$/.test(name)) ? 'TorchScript' : 'PyTorch',
          arrays: readPytorchZip(bytes),
        };
      if (names.some((name) => name.endsWith('.npy'))) return { format: 'npz', arrays: readNpz(bytes) };
      return refuseFile('is a zip with neither data.pkl (PyTorch) nor .npy files (numpy)');
    }
    default:
      return refuseFile('is neither safetensors, PyTorch, npz nor npy');
  }
}
