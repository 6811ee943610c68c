import { parentPort } from 'node:worker_threads';
import type { Hdf5ThreadReply } from '../../../src/formats/keras/hdf5-reader.ts';

// Replaces the HDF5 thread in tests: behaves as the file says.

const answer = (message: Hdf5ThreadReply): void => parentPort!.postMessage(message);
const commands: Readonly<Record<string, () => void>> = {
  loop() {
    for (;;);
  },
  trap: () => answer({ refused: 'it trapped', broken: true }),
  refuse: () => answer({ refused: 'it is damaged', broken: false }),
  exit: () => process.exit(3),
  throw() {
    throw new Error('out of memory');
  },
};
parentPort!.on('message', (bytes: Uint8Array) => {
  const text = new TextDecoder().decode(bytes);
  const command = commands[text];
  if (command) command();
  else answer({ file: { arrays: new Map(), attributes: new Map([['', new Map([['says', text]])]]) } });
});
