import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foldSignedGraph } from '../../../src/formats/operators/fold-signed-graph.ts';
import { graphSettings } from '../../../src/formats/onnx/graph-settings.ts';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import { findRowSteps, isSequenceToOne } from '../../../src/network/sequence-to-one.ts';
import { rowOfStep } from '../../../src/operators/row-count.ts';
import { createTestRunner, runAlone } from '../../network/random-network.ts';
import { evaluate, serveGraph, toWire, type GoldenTensor } from '../../open-inference/served-graph.ts';

// Models whose inputs have every kind of role, as exporters write them (bench/onnx/make-role-answers.ts): ids, lengths, masks,
// states, flags, counters, scalars, statistics, encoder outputs. Their tensors have onnxruntime's numbers; their sequence view
// has them too, or is refused with the input whose role is not certain.

interface RoleAnswers {
  /** Base64. */
  readonly model: string;
  readonly calls: readonly { readonly inputs: GoldenTensor[]; readonly outputs: GoldenTensor[] }[];
  readonly view: {
    readonly settings?: object;
    readonly refused?: string;
    readonly x?: number[][];
    readonly y?: number[][];
  };
}
const answers = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../golden/onnx-roles.json'), 'utf8'),
) as Record<string, RoleAnswers>;
const tolerance = 1e-5;

function expectNumbers(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  expect(actual, what).toHaveLength(expected.length);
  expected.forEach((value, i) =>
    expect(Math.abs(actual[i]! - value), `${what} ${i}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(value)),
    ),
  );
}

describe.each(Object.entries(answers))('%s', (_, { model, calls, view }) => {
  const file = readImportedFile(Buffer.from(model, 'base64'));

  it('has onnxruntime’s tensors', async () => {
    const graph = await serveGraph(foldSignedGraph((await file).graph!()));
    for (const { inputs, outputs } of calls) {
      const own = await evaluate(graph, inputs.map(toWire));
      outputs.forEach(({ data, ...expected }, i) => {
        const { values, ...described } = own[i]!;
        expect(described).toEqual(expected);
        expectNumbers(values as ArrayLike<number>, data, expected.name);
      });
    }
  });

  it(
    view.refused === undefined ? 'answers a sequence' : 'refuses a sequence, and names the input',
    async () => {
      const convert = async () => (await file).network(graphSettings.parse(view.settings ?? {}));
      if (view.refused !== undefined) return expect(convert).rejects.toThrow(new RegExp(view.refused));
      const { network, weights, input } = await convert();
      const runner = createTestRunner(network, weights);
      const rows = runAlone(runner, (input.kind === 'ids' ? Int32Array : Float32Array).from(view.x!.flat()));
      runner.release();
      const every = findRowSteps(network);
      const own = isSequenceToOne(network)
        ? rows.slice(-1)
        : rows.filter((__, t) => !every || rowOfStep(every, t) >= 0);
      expectNumbers(
        own.flatMap((row) => [...row]),
        view.y!.flat(),
        'a row',
      );
    },
  );
});
