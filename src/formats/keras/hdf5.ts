import { Worker } from 'node:worker_threads';
import { refuseFile, type Arrays } from '../arrays.ts';

// HDF5 by the HDF Group's own library in WebAssembly (h5wasm). It sees the file in a memory of its own and no disk. A damaged file can
// make it loop for ever, so it runs in a thread that is ended when it takes too long.

/** What a file may take: a gigabyte is read in a few seconds. */
const millisecondsFor = (bytes: number): number => 10_000 + bytes / 50_000;
const heapMegabytes = 512;

export interface Hdf5 {
  /** Datasets by their path from the root, without a leading slash. */
  readonly arrays: Arrays;
  /** Attributes that are a text or a list of texts, by the path of their group (`''` is the root) and name. */
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, string | readonly string[]>>;
}
export type FromHdf5Thread = { readonly file: Hdf5 } | { readonly refused: string };

/** @param timeoutMs after which the file is refused @throws UnrollError invalid_weights */
export async function readHdf5(bytes: Uint8Array, timeoutMs = millisecondsFor(bytes.length)): Promise<Hdf5> {
  const thread = new Worker(new URL('hdf5-thread.ts', import.meta.url), {
    workerData: bytes,
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    // what the library has to say of a damaged file is for nobody's terminal
    stdout: true,
    stderr: true,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await new Promise<FromHdf5Thread>((resolve) => {
      const refused = (why: string): void => resolve({ refused: why });
      thread.once('message', resolve);
      thread.once('error', () => refused('the HDF5 file cannot be read'));
      thread.once('exit', () => refused('the HDF5 file cannot be read'));
      timer = setTimeout(
        () => refused(`the HDF5 file could not be read in ${Math.round(timeoutMs)} ms`),
        timeoutMs,
      );
    });
    return 'file' in answer ? answer.file : refuseFile(answer.refused);
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}
