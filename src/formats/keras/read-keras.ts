import { refuseFile } from '../arrays.ts';
import { detectFormat } from '../detect.ts';
import { readHdf5 } from './hdf5.ts';
import { readKerasHdf5, readKerasZip, type KerasModel } from './keras-model.ts';

/** A `.keras` zip, or a whole model in HDF5. @throws UnrollError invalid_weights, invalid_model */
export async function readKeras(bytes: Uint8Array): Promise<KerasModel> {
  if (detectFormat(bytes) === 'zip') return readKerasZip(bytes);
  return (
    readKerasHdf5(await readHdf5(bytes)) ??
    refuseFile('the HDF5 file holds weights without a network: describe it in model.json')
  );
}
