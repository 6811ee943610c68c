import { testKeras2Cells, type Keras2Cases } from '../formats/keras/keras-2-cells.ts';
import { readRealJson } from './files.ts';

// Computed by Keras 2 itself, for the tests of keras-js: random weights, printed with six decimals.

testKeras2Cells((layer) => readRealJson(`keras-fixtures/${layer}.json`) as Keras2Cases);
