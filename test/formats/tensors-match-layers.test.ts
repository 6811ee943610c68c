import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toModelSpec } from '../../src/formats/model-spec-from-imported.ts';
import { foldSignedGraph } from '../../src/formats/operators/fold-signed-graph.ts';
import { readImportedFile } from '../../src/formats/read-imported.ts';
import { tensorsMatchLayers } from '../../src/formats/tensors-match-layers.ts';
import type { ModelSpec } from '../../src/network/spec.ts';
import type { SignedGraph } from '../../src/operators/signature.ts';
import type { Weights } from '../../src/network/weights.ts';

const golden = join(import.meta.dirname, '../golden/onnx-files');

async function read(file: string): Promise<[SignedGraph, ModelSpec, Weights]> {
  const imported = await readImportedFile(readFileSync(join(golden, `${file}.onnx`)));
  const network = imported.network();
  return [foldSignedGraph(imported.graph!()), toModelSpec('model', network), network.weights];
}

describe('layers', () => {
  it.each(['ends-16', 'last-state-11', 'mean-16', 'tagger-lstm-16', 'tagger-gru-11', 'graphs/attends-16'])(
    'give the tensors of %s, which has the batch first and one answer',
    async (file) => expect(tensorsMatchLayers(...(await read(file)))).toBe(true),
  );

  it.each(['tagger-time-first-16', 'stateful-16', 'conv-16', 'graphs/frames-16'])(
    'do not give those of %s: the steps first, states, fixed sizes',
    async (file) => expect(tensorsMatchLayers(...(await read(file)))).toBe(false),
  );

  it('do not where a single weight differs', async () => {
    const [graph, spec, weights] = await read('tagger-lstm-16');
    for (const [name, { shape, values }] of weights) {
      const changed = values.map((value, i) => (i === 0 ? value + 0.5 : value));
      const others = new Map([...weights, [name, { shape, values: changed }]]);
      // id 0 is in every comparison, any other row of the table may not be
      expect([name, tensorsMatchLayers(graph, spec, others)]).toEqual([name, false]);
    }
  });
});
