import { expect, it } from 'vitest';
import { cellNames } from '../../../src/cells/registry.ts';
import { comparisonRequest } from '../../../src/jobs/comparisons/comparison-request.ts';
import { createTrials } from '../../../src/jobs/comparisons/trials.ts';
import { resolveGraph } from '../../../src/network/graph.ts';
import { networkSpec } from '../../../src/network/spec.ts';

it.each([
  [16, 32],
  [16, 128],
  [3, 64],
])(
  'scales every cell to about as many recurrent parameters: %i inputs, %i units of an LSTM',
  async (inner, units) => {
    const request = comparisonRequest.parse({
      model: 'compared',
      cells: cellNames,
      spec: {
        task: 'classify',
        network: {
          layers: [
            { type: 'embedding', units: inner },
            { type: 'recurrent', cell: 'lstm', units },
            { type: 'dense' },
          ],
        },
        data: { records: [{ text: 'a', label: 'x' }] },
      },
    });
    const trials = await createTrials(request);
    expect(trials.map(({ cell }) => cell)).toEqual(cellNames);
    const counts = trials.map(({ spec }) => {
      const [, recurrent] = spec.network!.layers;
      const { nodes } = resolveGraph(networkSpec.parse({ layers: [recurrent] }), {
        kind: 'features',
        width: inner,
      });
      return nodes[0]!.shapes.reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b), 0);
    });
    const wanted = 4 * units * (inner + units + 2);
    for (const count of counts) expect(Math.abs(count / wanted - 1)).toBeLessThan(0.05);
  },
);
