import { describe, expect, it } from 'vitest';
import { loopToSteps } from '../../../src/formats/operators/loop-to-steps.ts';
import type { OperatorSpec } from '../../../src/operators/spec.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import type { OperatorGraphSpec } from '../../../src/network/layers/operator-graph/schema.ts';
import { networkSpec } from '../../../src/network/spec.ts';
import type { Tensor } from '../../../src/network/weights.ts';
import {
  asRows,
  randomNumbers,
  randomSequence,
  features,
  runAlone,
  createTestRunner,
} from '../../network/random-network.ts';

// A cell h' = tanh(W x + R h) as a Loop over x [steps, 1, 3], with supported and unsupported operators in and
// around it.

const step = (operator: string, inputs: string[], output: string, attributes?: object): OperatorSpec =>
  ({ operator, inputs, outputs: [output], ...(attributes && { attributes }) }) as OperatorSpec;
const cell: OperatorSpec[] = [
  step('Gather', ['x', 'turn'], 'row'),
  step('MatMul', ['row', 'w'], 'a'),
  step('MatMul', ['before', 'r'], 'b'),
  step('Add', ['a', 'b'], 'sum'),
  step('Tanh', ['sum'], 'after'),
];

interface Parts {
  /** Operators after the loop; the last one's output is the graph's. */
  readonly after?: readonly OperatorSpec[];
  readonly before?: readonly OperatorSpec[];
  readonly body?: readonly OperatorSpec[];
  readonly units?: number;
  readonly start?: number[];
}

function createLoop({ after = [], before = [], body = cell, units = 5, start = [0, 0, 0, 0, 0] }: Parts) {
  const loop = {
    operator: 'Loop',
    inputs: ['turns', '', 'start'],
    outputs: ['last', 'rows'],
    bodies: {
      body: { inputs: ['turn', 'go', 'before'], operators: body, outputs: ['go', 'after', 'after'] },
    },
  };
  const random = randomNumbers(3);
  const tensor = (...shape: number[]): Tensor => ({
    shape,
    values: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() * 0.7),
  });
  const tensors = new Map<string, Tensor>([
    ['w', tensor(3, 5)],
    ['r', tensor(5, 5)],
    ['start', { shape: [1, 5], values: Float32Array.from(start) }],
    ['out', tensor(5, 2)],
    ['bias', tensor(2)],
  ]);
  const { layers } = networkSpec.parse({
    layers: [
      {
        type: 'operator_graph',
        name: 'p',
        runs: 'sequence',
        input: { value: 'x', shape: [-1, 1, 3] },
        output: { value: after.at(-1)?.outputs[0] ?? 'rows', gives: 'step' },
        units,
        constants: Object.fromEntries([...tensors].map(([name, { shape }]) => [name, [...shape]])),
        wholeConstants: {
          zero: { kind: 'int', shape: [], values: [0] },
          one: { kind: 'int', shape: [], values: [1] },
          axis: { kind: 'int', shape: [1], values: [1] },
        },
        operators: [
          step('Shape', ['x'], 'shape'),
          step('Gather', ['shape', 'zero'], 'turns'),
          ...before,
          loop,
          ...after,
        ],
      },
    ],
  });
  return { layer: layers[0] as OperatorGraphSpec, tensors };
}

describe('loopToSteps', () => {
  it.each<[string, Parts]>([
    ['by itself', {}],
    ['that starts from other than zeros', { start: [0.5, -0.2, 0.1, 0.9, -0.7] }],
    [
      'with what works on every step by itself before and after it',
      {
        before: [step('Relu', ['x'], 'positive')],
        body: [step('Gather', ['positive', 'turn'], 'row'), ...cell.slice(1)],
        after: [
          step('Transpose', ['rows'], 'turned', { perm: [1, 0, 2] }),
          step('MatMul', ['turned', 'out'], 'product'),
          step('Add', ['product', 'bias'], 'sums'),
          step('Softmax', ['sums'], 'y'),
        ],
        units: 2,
      },
    ],
  ])('%s', (_, parts) => {
    const { layer, tensors } = createLoop(parts);
    const cell = loopToSteps(layer, tensors)!;
    expect(cell.layer).toMatchObject({ runs: 'step', input: { shape: [1, 1, 3] } });
    const networks = [
      { layer, tensors },
      { layer: cell.layer, tensors: cell.tensors },
    ].map((one) => ({
      spec: networkSpec.parse({ layers: [one.layer] }),
      weights: new Map([...one.tensors].map(([name, tensor]) => [`p.${name}`, tensor])),
    }));
    const sequence = randomSequence(features(3), 23, 9);
    const [whole, stepped] = networks.map(
      ({ spec, weights }) => referenceNetwork(spec, weights, asRows(sequence, 3)).output,
    );
    const runner = createTestRunner(networks[1]!.spec, networks[1]!.weights);
    const emitted = runAlone(runner, sequence);
    runner.release();
    whole!.forEach((row, t) =>
      row.forEach((value, k) => {
        expect(Math.abs(stepped![t]![k]! - value)).toBeLessThan(1e-12);
        expect(Math.abs(emitted[t]![k]! - value)).toBeLessThan(1e-5);
      }),
    );
  });

  it('outputs only the last step when the graph uses only the final value', () => {
    const { layer, tensors } = createLoop({ after: [step('MatMul', ['last', 'out'], 'y')], units: 2 });
    const once: OperatorGraphSpec = { ...layer, output: { value: 'y', gives: 'sequence' } };
    expect(loopToSteps(once, tensors)).toMatchObject({ lastStepOnly: true });
  });

  it.each<[string, Parts]>([
    [
      'that counts its turns',
      {
        body: [
          step('Cast', ['turn'], 'count', { to: 1 }),
          ...cell.slice(0, 3),
          step('Sum', ['a', 'b', 'count'], 'sum'),
          cell[4]!,
        ],
      },
    ],
    [
      'that reads other steps than its own',
      { body: [step('Gather', ['x', 'zero'], 'row'), ...cell.slice(1)] },
    ],
    [
      'that picks along another axis',
      { body: [step('Gather', ['x', 'turn'], 'row', { axis: 1 }), ...cell.slice(1)] },
    ],
    [
      'that reads the whole sequence',
      {
        body: [
          ...cell.slice(0, 3),
          step('ReduceMax', ['x'], 'most', { keepdims: 0 }),
          step('Sum', ['a', 'b', 'most'], 'sum'),
          cell[4]!,
        ],
      },
    ],
    ['with something after it that looks across steps', { after: [step('CumSum', ['rows', 'zero'], 'y')] }],
    [
      'with a mean over the steps taken away',
      { after: [step('ReduceMean', ['rows'], 'mean', { axes: [0] }), step('Sub', ['rows', 'mean'], 'y')] },
    ],
    ['with a softmax over the steps', { after: [step('Softmax', ['rows'], 'y', { axis: 0 })] }],
    [
      'with something before it that looks across steps',
      {
        before: [step('CumSum', ['x', 'zero'], 'summed')],
        body: [step('Gather', ['summed', 'turn'], 'row'), ...cell.slice(1)],
      },
    ],
    ['whose end is put beside its steps', { after: [step('Add', ['rows', 'last'], 'y')] }],
  ])('does not convert a loop %s', (_, parts) => {
    const { layer, tensors } = createLoop(parts);
    expect(loopToSteps(layer, tensors)).toBeNull();
  });
});
