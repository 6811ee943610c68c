import { expect, it, vi } from 'vitest';
import type { WireTensor } from '../../src/open-inference/tensor.ts';
import type { OperatorSpec } from '../../src/operators/spec.ts';
import type { Dimension, SignatureTensor, SignedGraph } from '../../src/operators/signature.ts';
import { engine, evaluate, serveGraph } from './served-graph.ts';

const tensor = (name: string, ...shape: Dimension[]): SignatureTensor => ({
  name,
  value: name,
  datatype: 'FP32',
  shape,
});
const graph = (
  inputs: readonly SignatureTensor[],
  outputs: readonly SignatureTensor[],
  operators: readonly OperatorSpec[],
): SignedGraph => ({ signature: { inputs, outputs }, operators, constants: new Map() });
const floats = (name: string, shape: number[], value = 1): WireTensor => ({
  name,
  datatype: 'FP32',
  shape,
  values: Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => value),
});

const sums = graph(
  [tensor('a', 'N', 2), tensor('b', 'N', 2)],
  [tensor('sum', 'N', 2), tensor('difference', 'N', 2)],
  [
    { operator: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
    { operator: 'Sub', inputs: ['a', 'b'], outputs: ['difference'] },
  ],
);
it('an evaluation of one operator lets others go first, and leaves with its caller', async () => {
  const loop = graph(
    [tensor('x', 512), { ...tensor('count'), datatype: 'INT64' }],
    [tensor('y', 512)],
    [
      {
        operator: 'Loop',
        inputs: ['count', '', 'x'],
        outputs: ['y'],
        bodies: {
          body: {
            inputs: ['i', 'go', 'state'],
            operators: [
              { operator: 'Tanh', inputs: ['state'], outputs: ['next'] },
              { operator: 'Identity', inputs: ['go'], outputs: ['goOn'] },
            ],
            outputs: ['goOn', 'next'],
          },
        },
      },
    ],
  );
  const [served, other] = [await serveGraph(loop), await serveGraph(sums)];
  const count: WireTensor = { name: 'count', datatype: 'INT64', shape: [], values: [65_000] };
  const caller = new AbortController();
  let ended = false;
  const long = evaluate(served, [floats('x', [512]), count], { signal: caller.signal }).finally(() => {
    ended = true;
  });
  await vi.waitFor(() => expect(engine.stats().running).toBe(1));
  await evaluate(other, [floats('a', [1, 2]), floats('b', [1, 2])]);
  expect(ended).toBe(false);
  caller.abort();
  await expect(long).rejects.toMatchObject({ code: 'cancelled' });
  await vi.waitFor(() => expect(engine.stats().workerSequences).toBe(0));
});
