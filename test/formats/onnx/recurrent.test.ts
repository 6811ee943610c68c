import { describe, expect, it } from 'vitest';
import { graphSettings } from '../../../src/formats/onnx/graph-settings.ts';
import { onnxToSignedGraph } from '../../../src/formats/onnx/onnx-to-signed-graph.ts';
import type { Attribute, OnnxModel } from '../../../src/formats/onnx/read-onnx.ts';
import type { OnnxTensor } from '../../../src/formats/onnx/read-tensor.ts';
import { raiseView } from '../../../src/formats/raise/raise-view.ts';
import { deriveViews } from '../../../src/operators/analysis/derive-view.ts';

// Attributes and inputs of RNN, GRU and LSTM as fields and tensors of our layers. bench/onnx-cases.ts
// compares the outputs with onnxruntime.

const units = 2;
const counting = (...shape: number[]): OnnxTensor => ({
  kind: 'float',
  shape,
  values: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1),
});
const attribute = (fields: Partial<Attribute>): Attribute => ({
  floats: [],
  ints: [],
  strings: [],
  ...fields,
});

interface Given {
  readonly activations?: string[];
  readonly alpha?: number[];
  readonly beta?: number[];
  readonly clip?: number;
  readonly inputForget?: number;
  readonly layout?: number;
  readonly direction?: 'forward' | 'reverse' | 'bidirectional';
  readonly h?: OnnxTensor;
  readonly c?: OnnxTensor;
  readonly P?: OnnxTensor;
}

function createModel(operator: 'RNN' | 'GRU' | 'LSTM', given: Given): OnnxModel {
  const { direction = 'forward', layout = 0 } = given;
  const directions = direction === 'bidirectional' ? 2 : 1;
  const rows = { RNN: 1, GRU: 3, LSTM: 4 }[operator] * units;
  const { h, c, P } = given;
  const initializers = new Map<string, OnnxTensor>([
    ['W', counting(directions, rows, 1)],
    ['R', counting(directions, rows, units)],
    ['shape', { kind: 'int', shape: [2], values: Float32Array.of(0, -1) }],
    ...Object.entries({ h, c, P }).flatMap(([name, tensor]) => (tensor ? [[name, tensor] as const] : [])),
  ]);
  const named = (name: string): string => (initializers.has(name) ? name : '');
  const node = (
    op: string,
    inputs: string[],
    outputs: string[],
    attributes: [string, Attribute][],
  ): OnnxModel['nodes'][number] => ({
    op,
    name: '',
    domain: '',
    overload: '',
    inputs,
    outputs,
    attributes: new Map(attributes),
  });
  return {
    producer: 'a test',
    opset: 17,
    functions: new Map(),
    nodes: [
      node(
        operator,
        ['X', 'W', 'R', '', '', named('h'), named('c'), named('P')],
        ['', 'end'],
        [
          ['direction', attribute({ s: direction })],
          ['activations', attribute({ strings: given.activations ?? [] })],
          ['activation_alpha', attribute({ floats: given.alpha ?? [] })],
          ['activation_beta', attribute({ floats: given.beta ?? [] })],
          ['clip', attribute({ f: given.clip ?? 0 })],
          ['input_forget', attribute({ i: given.inputForget ?? 0 })],
          ['layout', attribute({ i: layout })],
        ],
      ),
      // concatenated directions
      node(
        'Transpose',
        ['end'],
        ['turned'],
        [['perm', attribute({ ints: layout === 1 ? [0, 1, 2] : [1, 0, 2] })]],
      ),
      node('Reshape', ['turned', 'shape'], ['out'], []),
    ],
    initializers,
    inputs: [{ name: 'X', shape: [null, null, 1], sizes: [], type: 1, ranked: true }],
    outputs: [{ name: 'out', shape: [], sizes: [], type: 1, ranked: true }],
  };
}

const read = (operator: 'RNN' | 'GRU' | 'LSTM', given: Given = {}) => {
  const graph = onnxToSignedGraph(createModel(operator, given));
  const [view] = deriveViews(graph, graphSettings.parse({}));
  const { network, weights } = raiseView(graph, view!);
  const values = (name: string): number[] | undefined => {
    const tensor = weights.get(`end.${name}`);
    return tensor && [...tensor.values];
  };
  return { layer: network.layers[0]!, values };
};

describe('the activations of an operator', () => {
  it('map to gate, candidate and output by position', () => {
    expect(read('LSTM', { activations: ['Softsign', 'Elu', 'Softplus'] }).layer).toMatchObject({
      activations: {
        gate: { type: 'softsign' },
        candidate: { type: 'elu', alpha: 1 },
        output: { type: 'softplus' },
      },
    });
    expect(read('GRU', { activations: ['HardSigmoid', 'Tanh'] }).layer).toMatchObject({
      activations: { gate: { type: 'hard_sigmoid', alpha: 0.2, beta: 0.5 } },
    });
    expect(read('RNN', { activations: ['LeakyRelu'] }).layer).toMatchObject({
      activations: { candidate: { type: 'leaky_relu', alpha: 0.01 } },
    });
  });

  it('do not change the layer when they are the defaults', () => {
    const { layer } = read('LSTM', { activations: ['sigmoid', 'tanh', 'Tanh'] });
    expect(layer).not.toHaveProperty('activations');
    expect(read('RNN', { activations: ['Relu'] }).layer).toMatchObject({ activation: 'relu' });
    expect(read('RNN', { activations: ['Relu'] }).layer).not.toHaveProperty('activations');
  });

  it('consume alpha and beta in order, if they have them', () => {
    const given = { activations: ['Sigmoid', 'Elu', 'Affine'], alpha: [0.25, 3], beta: [5] };
    expect(read('LSTM', given).layer).toMatchObject({
      activations: {
        candidate: { type: 'elu', alpha: 0.25 },
        output: { type: 'affine', alpha: 3, beta: 5 },
      },
    });
  });

  it('accept equivalent activations in one list and refuse different ones', () => {
    const hard = { activations: ['HardSigmoid', 'Tanh'], alpha: [0.25, 1], beta: [0.5, 0] };
    expect(read('GRU', hard).layer).toMatchObject({
      activations: { gate: { type: 'hard_sigmoid', alpha: 0.25, beta: 0.5 } },
    });
    expect(() => read('GRU', { activations: ['Sigmoid', 'Elu'], alpha: [1, 0.5] })).toThrow(
      'activation_alpha has a number for every activation, but elu would use another one',
    );
  });

  it('may differ for the backward direction', () => {
    const given = {
      direction: 'bidirectional',
      activations: ['Sigmoid', 'Elu', 'Softsign', 'Tanh'],
    } as const;
    expect(read('GRU', { ...given, activations: [...given.activations] }).layer).toMatchObject({
      activations: { candidate: { type: 'elu' } },
      backward_activations: { gate: { type: 'softsign' } },
    });
  });

  it('apply to the backward direction only in a reverse layer, whose forward direction is zero', () => {
    const { layer } = read('GRU', { direction: 'reverse', activations: ['Sigmoid', 'Softplus'] });
    expect(layer).toMatchObject({ merge: 'sum', backward_activations: { candidate: { type: 'softplus' } } });
    expect(layer).not.toHaveProperty('activations');
  });

  it.each([
    [{ activations: ['Swish', 'Tanh'] }, 'activations: "Swish"'],
    [{ activations: ['Sigmoid'] }, 'activations: must be 2 for each direction, not 1'],
    [{ activations: ['ScaledTanh', 'Tanh'] }, 'scaled_tanh needs activation_alpha: ONNX has no default'],
    [
      { activations: ['Elu', 'Tanh'], alpha: [1, 2, 3] },
      'activation_alpha has 3 numbers, but the activations use 1',
    ],
  ])('are refused by name: %j', (given, says) => {
    expect(() => read('GRU', given)).toThrow(says);
  });
});

describe('the other attributes and inputs', () => {
  it('are converted: clip, input_forget and P, in our order i f o', () => {
    const { layer, values } = read('LSTM', { clip: 3, inputForget: 1, P: counting(1, 3 * units) });
    expect(layer).toMatchObject({ clip: 3, input_forget: true, peepholes: true });
    expect(values('0.forward.peephole')).toEqual([1, 2, 5, 6, 3, 4]);
  });

  it('are converted: an initial state of each direction, zero when it is omitted', () => {
    const { layer, values } = read('LSTM', { direction: 'bidirectional', h: counting(2, 1, units) });
    expect(layer).toMatchObject({ initial_state: true });
    expect(values('0.forward.initial_h')).toEqual([1, 2]);
    expect(values('0.backward.initial_h')).toEqual([3, 4]);
    expect(values('0.backward.initial_c')).toEqual([0, 0]);
  });

  it('add no initial state to a layer that starts at zero', () => {
    const zeros = { kind: 'float' as const, shape: [1, 1, units], values: new Float32Array(units) };
    expect(read('LSTM', { h: zeros, c: zeros }).layer).not.toHaveProperty('initial_state');
  });

  it('are converted: the initial state of a single reverse direction', () => {
    const { values } = read('GRU', { direction: 'reverse', h: counting(1, 1, units) });
    expect(values('0.forward.initial_h')).toEqual([0, 0]);
    expect(values('0.backward.initial_h')).toEqual([1, 2]);
  });

  it('are refused for a batch of another size than 1, or a shape that does not match', () => {
    expect(() => read('GRU', { h: counting(1, 2, units) })).toThrow('it runs several sequences side by side');
    expect(() => read('GRU', { h: counting(1, 1, 3) })).toThrow('initial_h is [1, 1, 3], must have');
    expect(() => read('LSTM', { P: counting(1, 4) })).toThrow('P is [1, 4], must be [1, 6]');
    expect(() => read('GRU', { clip: -1 })).toThrow('clip must be a finite number of at least 0, not -1');
    expect(() => read('GRU', { clip: NaN })).toThrow('clip must be a finite number of at least 0, not NaN');
    expect(() => read('RNN', { activations: ['Elu'], alpha: [Infinity] })).toThrow(
      'activation_alpha must be finite numbers, not Infinity',
    );
  });
});
