import { createHdf5Reader, type Hdf5 } from './hdf5-reader.ts';

export type { Hdf5 } from './hdf5-reader.ts';

/** Default time limit by size: a gigabyte is read in a few seconds. */
const defaultTimeoutMs = (bytes: number): number => 10_000 + bytes / 50_000;

/**
 * One reader for the process: models are loaded one after another, and starting a thread takes longer than
 * most reads.
 */
const reader = createHdf5Reader({ idleMs: 5_000, files: 200 });

/** Reads an HDF5 file. @param timeoutMs time limit @throws UnrollError invalid_weights */
export const readHdf5 = (bytes: Uint8Array, timeoutMs = defaultTimeoutMs(bytes.length)): Promise<Hdf5> =>
  reader.read(bytes, timeoutMs);
