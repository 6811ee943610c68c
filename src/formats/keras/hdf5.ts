import { createHdf5Reader, type Hdf5 } from './hdf5-reader.ts';

export type { Hdf5 } from './hdf5-reader.ts';

/** What a file may take: a gigabyte is read in a few seconds. */
const millisecondsFor = (bytes: number): number => 10_000 + bytes / 50_000;

/** One for all: models come one after another, and a start in between costs more than most of them. */
const reader = createHdf5Reader({ idleMs: 5_000, files: 200 });

/** @param timeoutMs after which the file is refused @throws UnrollError invalid_weights */
export const readHdf5 = (bytes: Uint8Array, timeoutMs = millisecondsFor(bytes.length)): Promise<Hdf5> =>
  reader.read(bytes, timeoutMs);
