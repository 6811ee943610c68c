import { describe, expect, it } from 'vitest';
import { evaluate, readGraph, serveGraph, signatureAnswers, toWire } from './served-graph.ts';

// Graphs whose inputs and outputs were made by ONNX Runtime (test/golden/make-onnx-signatures.py): what comes in
// and goes out over /v2 is what comes in and goes out there.

/** Of a number relative to its size, at least 1. */
const tolerance = 1e-5;

describe.each(Object.entries(signatureAnswers))('%s', (name, cases) => {
  it('has the names, datatypes, shapes and numbers of ONNX Runtime', async () => {
    const graph = await serveGraph(await readGraph(`onnx-signatures/${name}.onnx`));
    // twice: the second time on what was prepared for the first
    for (const { inputs, outputs } of [...cases, ...cases]) {
      const answers = await evaluate(graph, inputs.map(toWire));
      const described = answers.map(({ name: output, datatype, shape }) => ({ output, datatype, shape }));
      expect(described).toEqual(
        outputs.map(({ name: output, datatype, shape }) => ({ output, datatype, shape })),
      );
      for (const [i, { datatype, data }] of outputs.entries()) {
        const values = Array.from(answers[i]!.values as ArrayLike<number>);
        if (!datatype.startsWith('FP')) expect(values).toEqual(data);
        const within = datatype === 'FP16' ? 2 ** -10 : tolerance;
        const differences = data.map(
          (value, k) => Math.abs(values[k]! - value) / Math.max(1, Math.abs(value)),
        );
        expect(values).toHaveLength(data.length);
        expect(Math.max(0, ...differences)).toBeLessThanOrEqual(within);
      }
    }
  });
});
