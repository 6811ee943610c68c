import { readFileSync } from 'node:fs';
import { testKeras2Cells, type Keras2Cases } from './keras-2-cells.ts';

// Computed from Keras 2's equations (golden/make-keras-2-cells.py).

const file = new URL('../../golden/keras-2-cells.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Keras2Cases>;

testKeras2Cells((layer) => cases[layer]!);
