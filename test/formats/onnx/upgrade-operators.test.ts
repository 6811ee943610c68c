import { describe, expect, it } from 'vitest';
import { encodeModel, type OnnxFunction, type OnnxNode, type OnnxTensor } from '../../../bench/onnx/model.ts';
import { readOnnx } from '../../../src/formats/onnx/read-onnx.ts';
import { upgradeOperators } from '../../../src/formats/onnx/upgrade-operators.ts';
import { operandKind } from '../../../src/operators/signature.ts';
import { runGraph } from '../../operators/run-graph.ts';

// What an ONNX file's nodes become, and what is refused. Numbers of expanded operators are in
// test/open-inference/graph-operators.test.ts.

interface Graph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers?: readonly OnnxTensor[];
  readonly functions?: readonly OnnxFunction[];
  readonly opset?: number;
}
const floats = (name: string, ...values: number[]): OnnxTensor => ({
  name,
  shape: [values.length],
  values: Float32Array.from(values),
});
const read = ({ nodes, initializers = [], functions = [], opset = 21 }: Graph) =>
  readOnnx(
    encodeModel({
      name: 'graph',
      nodes,
      initializers,
      inputs: [{ name: 'x', type: 'float32', shape: ['n'] }],
      outputs: [{ name: 'y', type: 'float32', shape: null }],
      functions,
      opsets: { '': opset },
    }),
  );
/** The numbers of y for x. */
function run(graph: Graph, x: readonly number[]): number[] {
  const { constants, inputs, ...body } = upgradeOperators(read(graph));
  const values = Float32Array.from(x);
  const given = { kind: operandKind('FP32'), shape: [x.length], values, known: true };
  return Array.from(runGraph(body, new Map([...constants, [inputs[0]!, given]]))[0]!.values);
}
const node = (
  operator: string,
  inputs: string[],
  outputs: string[],
  more: Partial<OnnxNode> = {},
): OnnxNode => ({
  operator,
  inputs,
  outputs,
  ...more,
});
const call = (operator: string, inputs: string[], outputs: string[]): OnnxNode =>
  node(operator, inputs, outputs, { domain: 'local' });
const define = (name: string, nodes: readonly OnnxNode[]): OnnxFunction => ({
  domain: 'local',
  name,
  inputs: ['a'],
  outputs: ['b'],
  nodes,
});

describe('the opset of a file', () => {
  const add = [node('Add', ['x', 'x'], ['y'])];
  it.each([1, 6, 27])('%i is refused by number', (opset) => {
    expect(() => read({ nodes: add, opset })).toThrow(`opset ${opset}, must be 7 to 26`);
  });
  it.each([7, 26])('%i is read', (opset) => {
    expect(run({ nodes: add, opset }, [1, 2])).toEqual([2, 4]);
  });
  it('of a function is refused by number as well', () => {
    const old = { ...define('f', [node('Add', ['a', 'a'], ['b'])]), opset: 6 };
    expect(() => read({ nodes: [call('f', ['x'], ['y'])], functions: [old] })).toThrow('opset 6, must be');
  });
});

describe('a local function', () => {
  it('sees its own names only, however its callers name theirs', () => {
    const twice = define('twice', [node('Add', ['a', 'a'], ['x']), node('Identity', ['x'], ['b'])]);
    const nodes = [call('twice', ['x'], ['a']), call('twice', ['a'], ['b']), node('Sub', ['b', 'x'], ['y'])];
    expect(run({ nodes, functions: [twice] }, [1, 10])).toEqual([3, 30]);
  });

  it('does not see the values of the graph around', () => {
    const leaks = define('leaks', [node('Add', ['a', 'x'], ['b'])]);
    expect(() => run({ nodes: [call('leaks', ['x'], ['y'])], functions: [leaks] }, [1])).toThrow(
      'reads "x", which is not defined before it',
    );
  });

  it('is refused where it calls itself, at once or through another', () => {
    const itself = define('itself', [call('itself', ['a'], ['b'])]);
    expect(() =>
      upgradeOperators(read({ nodes: [call('itself', ['x'], ['y'])], functions: [itself] })),
    ).toThrow('the function "itself" calls itself');
    const pair = [define('one', [call('other', ['a'], ['b'])]), define('other', [call('one', ['a'], ['b'])])];
    expect(() => upgradeOperators(read({ nodes: [call('one', ['x'], ['y'])], functions: pair }))).toThrow(
      'the function "one" calls itself: local:one: → local:other: → local:one:',
    );
  });

  it('is refused where calls of calls become more than 20,000 operators', () => {
    const doubling = Array.from({ length: 30 }, (_, i) =>
      define(
        `f${i}`,
        i === 0
          ? [node('Neg', ['a'], ['b'])]
          : [call(`f${i - 1}`, ['a'], ['c']), call(`f${i - 1}`, ['c'], ['b'])],
      ),
    );
    expect(() => upgradeOperators(read({ nodes: [call('f29', ['x'], ['y'])], functions: doubling }))).toThrow(
      'its functions expand to more than 20000 operators',
    );
  });
});

describe('an operator that is not read', () => {
  it.each([
    ['GridSample', '', 'GridSample ("y")'],
    ['AttnLSTM', 'com.microsoft', 'com.microsoft.AttnLSTM ("y")'],
    ['QLinearSoftmax', 'com.microsoft', 'com.microsoft.QLinearSoftmax ("y")'],
    // of another domain than the operator of that name
    ['LSTM', 'com.example', 'com.example.LSTM ("y")'],
  ])('is refused by name: %s of %s', (operator, domain, message) => {
    const nodes = [node(operator, ['x'], ['y'], { domain })];
    expect(() => upgradeOperators(read({ nodes }))).toThrow(`1 operators are not supported: ${message}`);
  });

  it('is named with what it has that is not supported', () => {
    const attention = node('Attention', ['x', 'x', 'x', '', 'x'], ['y'], {
      domain: 'com.microsoft',
      attributes: { num_heads: 1 },
    });
    expect(() => upgradeOperators(read({ nodes: [attention] }))).toThrow(
      'Attention with past keys and values is not supported',
    );
    const ends = [node('Dropout', ['x'], ['y', 'mask'])];
    expect(() => upgradeOperators(read({ nodes: ends, opset: 9 }))).toThrow('has a mask output of opset 9');
  });

  it('is Dropout in training mode', () => {
    const initializers = [floats('ratio', 0.5), { name: 'on', shape: [], values: Int32Array.of(1) }];
    const nodes = [
      node('Cast', ['on'], ['training'], { attributes: { to: 9 } }),
      node('Dropout', ['x', 'ratio', 'training'], ['y']),
    ];
    expect(() => run({ nodes, initializers }, [1])).toThrow('Dropout (y): it is in training mode');
  });
});

describe('a quantised tensor', () => {
  const byte = (name: string, value: number): OnnxTensor => ({
    name,
    shape: [],
    values: Uint8Array.of(value),
  });
  it.each([0, NaN, Infinity])('with the scale %d is refused', (scale) => {
    const initializers = [floats('scale', scale), byte('zero', 3), byte('q', 5)];
    for (const [operator, input] of [
      ['QuantizeLinear', 'x'],
      ['DequantizeLinear', 'q'],
    ] as const) {
      const nodes = [node(operator, [input, 'scale', 'zero'], ['y'])];
      expect(() => run({ nodes, initializers }, [1])).toThrow(
        `${operator} (y): a scale is zero or not finite`,
      );
    }
  });

  it('is rounded to even halves and saturates', () => {
    const nodes = [node('QuantizeLinear', ['x', 'scale', 'zero'], ['y'])];
    const initializers = [floats('scale', 2), byte('zero', 250)];
    expect(run({ nodes, initializers }, [-1, 1, 3, 5, 999, -999])).toEqual([250, 250, 252, 252, 255, 0]);
  });

  it('has a scale for each position, or none', () => {
    const nodes = [node('QuantizeLinear', ['x', 'scale'], ['y'], { attributes: { axis: 0 } })];
    const initializers = [floats('scale', 1, 2)];
    expect(run({ nodes, initializers }, [8, 8])).toEqual([8, 4]);
    expect(() => run({ nodes, initializers }, [8, 8, 8])).toThrow(
      'scales of [2] for 3 positions along axis 0',
    );
  });
});
