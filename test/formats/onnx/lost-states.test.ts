import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { onnxToNetwork } from '../../../src/formats/onnx/onnx-to-network.ts';
import { onnxToSignedGraph } from '../../../src/formats/onnx/onnx-to-signed-graph.ts';
import { readOnnx } from '../../../src/formats/onnx/read-onnx.ts';

it('a step whose next state is the end of its recurrence in another order has no sequence view', () => {
  const file = join(import.meta.dirname, '../../golden/onnx-files/flipped-state.onnx');
  const model = readOnnx(readFileSync(file));
  expect(() => onnxToNetwork(model)).toThrow(
    '"h" starts a recurrence whose end is in "hn", but in another order',
  );
  // its tensors are served as they are
  expect(onnxToSignedGraph(model).signature.outputs.map(({ name }) => name)).toEqual(['y', 'hn']);
});
