import { readFileSync } from 'node:fs';
import { createHdf5Reader } from '../../../src/formats/keras/hdf5-reader.ts';

// A process that reads one file, prints a line and must then exit by itself.

const reader = createHdf5Reader({ idleMs: 1e9, files: 9 });
const { arrays } = await reader.read(readFileSync(process.argv[2]!), 60_000);
console.log(`${arrays.size} arrays`);
