import type { Rng } from '../../../src/random.ts';
import {
  type OnnxFunction,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from '../model.ts';

/** Numbers of an input by its type, as onnxruntime takes them. */
export interface Feed {
  readonly type: OnnxValue['type'];
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
export interface GraphCase {
  readonly name: string;
  readonly graph: OnnxGraph;
  readonly feeds: Readonly<Record<string, Feed>>;
}

type Whole = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32';
const arrays = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
} as const;

/** Draws a graph with its inputs, node by node. */
export interface GraphDraft {
  readonly chance: (probability?: number) => boolean;
  readonly one: <T>(list: readonly T[]) => T;
  readonly whole: (low: number, high: number) => number;
  input(type: OnnxValue['type'], shape: readonly number[], draw: () => number): string;
  floats(...shape: number[]): string;
  /** A float input in ± 1. */
  floatInput(...shape: number[]): string;
  scale(...shape: number[]): string;
  wholes(type: Whole, shape: readonly number[], low: number, high: number): string;
  int64(...values: number[]): string;
  constant(values: OnnxTensor['values'], shape: readonly number[]): string;
  op(
    operator: string,
    inputs: readonly string[],
    attributes?: OnnxNode['attributes'],
    more?: { readonly domain?: string; readonly outputs?: number },
  ): string;
  /** The outputs of the last operator. */
  outputs(): readonly string[];
  function(one: OnnxFunction): void;
  finish(name: string, outputs: Readonly<Record<string, OnnxValue['type']>>, opset?: number): GraphCase;
}

export function draftGraph(random: Rng): GraphDraft {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValue[] = [];
  const functions: OnnxFunction[] = [];
  const feeds: Record<string, Feed> = {};
  const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const whole = (low: number, high: number): number => low + Math.floor(random.next() * (high - low + 1));
  const unit = (): number => 2 * random.next() - 1;
  const draft: GraphDraft = {
    chance: (probability = 0.5) => random.next() < probability,
    one: (list) => list[whole(0, list.length - 1)]!,
    whole,
    input(type, shape, draw) {
      const name = `in${inputs.length}`;
      inputs.push({ name, type, shape: shape.map((_, i) => `${name}_${i}`) });
      feeds[name] = { type, shape, values: Array.from({ length: size(shape) }, draw) };
      return name;
    },
    floats: (...shape) => draft.constant(Float32Array.from({ length: size(shape) }, unit), shape),
    floatInput: (...shape) => draft.input('float32', shape, () => Math.fround(unit())),
    scale: (...shape) =>
      draft.constant(
        Float32Array.from({ length: size(shape) }, () => 0.004 + 0.02 * random.next()),
        shape,
      ),
    wholes: (type, shape, low, high) => {
      const values = new arrays[type](size(shape));
      for (let i = 0; i < values.length; i++) values[i] = whole(low, high);
      return draft.constant(values, shape);
    },
    int64: (...values) => draft.constant(BigInt64Array.from(values, BigInt), [values.length]),
    constant(values, shape) {
      const name = `c${initializers.length}`;
      initializers.push({ name, shape, values });
      return name;
    },
    op(operator, read, attributes, { domain, outputs = 1 } = {}) {
      const own = Array.from({ length: outputs }, (_, i) => `v${nodes.length}${i === 0 ? '' : `_${i}`}`);
      nodes.push({
        operator,
        inputs: read,
        outputs: own,
        ...(attributes && { attributes }),
        ...(domain && { domain }),
      });
      return own[0]!;
    },
    outputs: () => nodes.at(-1)!.outputs,
    function: (one) => void functions.push(one),
    finish: (name, outputs, opset = 21) => ({
      name,
      feeds,
      graph: {
        name: 'case',
        nodes,
        initializers,
        inputs,
        outputs: Object.entries(outputs).map(([one, type]) => ({ name: one, type, shape: null })),
        functions,
        opsets: { '': opset },
      },
    }),
  };
  return draft;
}
