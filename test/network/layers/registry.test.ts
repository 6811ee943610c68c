import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { layerTables } from '../../../scripts/layers/layer-tables.ts';
import { findLayerLearning, whyInferenceOnly } from '../../../src/network/layers/learn-registry.ts';
import { layers, layerTypes } from '../../../src/network/layers/registry.ts';
import { layerSpec } from '../../../src/network/spec.ts';

it.each(layerTypes)('layer %s has the type of its entry, and is in model.json', (type) => {
  expect(layers[type].schema.shape.type.value).toBe(type);
  expect(layerSpec.options.map((option) => option.shape.type.value)).toContain(type);
});

it('calls inference only what has no entry in the learn registry', () => {
  for (const type of layerTypes)
    expect(whyInferenceOnly({ type }) === null, type).toBe(findLayerLearning(type) !== null);
  expect(layerTypes.filter((type) => whyInferenceOnly({ type }) !== null)).toEqual([
    'conv1d',
    'operator_graph',
  ]);
});

it('has the tables of the folders and of kinds.ts (npm run layers)', () => {
  for (const [path, text] of layerTables()) expect(readFileSync(path, 'utf8')).toBe(text);
});
