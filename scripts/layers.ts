import { writeFileSync } from 'node:fs';
import { layerTables } from './layers/layer-tables.ts';

// Writes the tables of kinds of layers; test/network/layers/registry.test.ts fails where they differ from the folders.

for (const [path, text] of layerTables()) writeFileSync(path, text);
