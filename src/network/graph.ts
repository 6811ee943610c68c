import { findCell } from '../cells/registry.ts';
import { tensorNames, tensorShapes, type DirectionTensors } from '../cells/weights.ts';
import { UnrollError } from '../errors.ts';
import { idColumns, type NetworkInput } from './input.ts';
import { graphInputWidth } from '../operators/graph-input-width.ts';
import type { LayerSpec, NetworkSpec, ProgramSpec, RecurrentSpec } from './spec.ts';
import { misplacedOption } from '../cells/recurrent-options.ts';

// A network's layers as nodes in the order they run: names resolved, stacked levels taken apart, widths known.

type Layer<T extends LayerSpec['type']> = Extract<LayerSpec, { type: T }>;

/** What each score reads: dot none, general `weight`, additive all others. */
export interface AttentionTensors {
  /** general: W [query width, memory width] */
  readonly weight: string;
  /** additive: W [units, query width], U [units, memory width], b [units], v [units] */
  readonly query: string;
  readonly memory: string;
  readonly bias: string;
  readonly vector: string;
}

/** transitions [from, to], start and end [labels] */
export interface CrfTensors {
  readonly transitions: string;
  readonly start: string;
  readonly end: string;
}

export type Node = {
  /** The layer's name; a level of a stack is `<name>.<level>`. */
  readonly name: string;
  /** Nodes read; −1 is the network's input. */
  readonly inputs: readonly number[];
  readonly inputWidths: readonly number[];
  readonly width: number;
} & (
  | {
      readonly type: 'embedding';
      readonly layer: Layer<'embedding'>;
      readonly tensors: { readonly weight: string };
    }
  | {
      readonly type: 'dense';
      readonly layer: Layer<'dense'>;
      readonly tensors: { readonly weight: string; readonly bias: string };
    }
  | {
      readonly type: 'recurrent';
      readonly layer: RecurrentSpec;
      readonly tensors: { readonly forward: DirectionTensors; readonly backward: DirectionTensors | null };
      /** Merges each step's forward output with the backward one of the first step. */
      readonly ends: boolean;
    }
  | {
      readonly type: 'conv1d';
      readonly layer: Layer<'conv1d'>;
      readonly tensors: { readonly weight: string; readonly bias: string };
    }
  | {
      readonly type: 'pool';
      readonly layer: Layer<'pool'>;
      /** attention only: w [width] */
      readonly tensors: { readonly weight: string };
    }
  | {
      readonly type: 'layer_norm';
      readonly layer: Layer<'layer_norm'>;
      readonly tensors: { readonly weight: string; readonly bias: string };
    }
  | {
      readonly type: 'attention';
      readonly layer: Layer<'attention'>;
      readonly tensors: AttentionTensors;
      /** Columns of the encoder's output, and so of what attention gives. */
      readonly memoryWidth: number;
    }
  | { readonly type: 'crf'; readonly layer: Layer<'crf'>; readonly tensors: CrfTensors }
  | {
      readonly type: 'program';
      readonly layer: ProgramSpec;
      /** By the names of its constants. */
      readonly tensors: Readonly<Record<string, string>>;
    }
  | {
      readonly type: 'dropout' | 'concat' | 'add' | 'multiply';
      readonly layer: Layer<'dropout' | 'concat' | 'add' | 'multiply'>;
    }
);

export interface Graph {
  readonly nodes: readonly Node[];
  /** Features of a step; 0 when a step is an id. */
  readonly inputWidth: number;
  /** Whether the output at a step depends on no later step. */
  readonly causal: boolean;
}

const networkInputName = 'input';
/** Inputs that a convolution may keep of every sequence. */
const mostStepsBack = 4096;

const looksAhead = (layer: LayerSpec): boolean =>
  (layer.type === 'recurrent' && layer.bidirectional) ||
  (layer.type === 'conv1d' && layer.padding === 'same' && layer.kernel > 1) ||
  (layer.type === 'program' && layer.runs === 'sequence');

/**
 * @param place.prefix stands before the names of nodes and tensors: those of an encoder begin with `encoder.`
 * @param place.memoryWidth columns of the encoder's output; 0 where there is none, and then nothing can attend to it
 * @throws UnrollError invalid_model, naming the layer
 */
export function resolveGraph(
  spec: Pick<NetworkSpec, 'layers'>,
  input: NetworkInput,
  { prefix = '', memoryWidth = 0 }: { prefix?: string; memoryWidth?: number } = {},
): Graph {
  const nodes: Node[] = [];
  const byName = new Map<string, number>([[networkInputName, -1]]);
  const inputWidth = input.kind === 'features' ? input.width : 0;

  spec.layers.forEach((layer, index) => {
    const name = layer.name ?? `${layer.type}_${index}`;
    const fail = (what: string, field = ''): never => {
      throw new UnrollError('invalid_model', `layer ${prefix}${name}: ${what}`, {
        field: `network.${prefix}layers.${index}${field && `.${field}`}`,
      });
    };
    if (byName.has(name)) fail('its name is taken by the network input or an earlier layer');
    const inputs = layer.inputs
      ? layer.inputs.map((wanted) => byName.get(wanted) ?? fail(`reads ${wanted}, which is no earlier layer`))
      : [nodes.length - 1];
    const inputWidths = inputs.map((node) => (node < 0 ? inputWidth : nodes[node]!.width));
    const elementwise = layer.type === 'add' || layer.type === 'multiply';
    if (inputs.length > 1 && layer.type !== 'concat' && !elementwise)
      fail(`takes one input, was given ${inputs.length}`);
    const readsIds = inputs.some((node) => node < 0) && input.kind === 'ids';
    const takesIds = layer.type === 'program' && layer.input.vocabulary !== undefined;
    if (readsIds && layer.type !== 'embedding' && !takesIds) fail('reads ids, which only an embedding can');
    if (takesIds && !readsIds) fail('a program of ids must read the network input, and that must be ids');
    if (layer.type === 'embedding' && !readsIds)
      fail('an embedding must read the network input, and that must be ids');
    if (layer.type === 'embedding' && input.kind === 'ids') checkColumns(layer, input, fail);
    if (elementwise && new Set(inputWidths).size > 1)
      fail(
        `${layer.type === 'add' ? 'adds' : 'multiplies'} inputs of different widths: ${inputWidths.join(', ')}`,
      );

    const full = `${prefix}${name}`;
    const placed = { name: full, inputs, inputWidths };
    const weight = `${full}.weight`;
    const bias = `${full}.bias`;
    switch (layer.type) {
      case 'recurrent': {
        const misplaced = misplacedOption(layer);
        if (misplaced) fail(`${misplaced.field}: ${misplaced.what}`, misplaced.field);
        nodes.push(...levels(layer, full, inputs[0]!, inputWidths[0]!, nodes.length));
        break;
      }
      case 'embedding':
        nodes.push({
          ...placed,
          type: 'embedding',
          width: layer.units * (layer.columns?.count ?? 1),
          layer,
          tensors: { weight },
        });
        break;
      case 'dense':
        nodes.push({
          ...placed,
          type: 'dense',
          width: layer.units,
          layer,
          tensors: { weight, bias },
        });
        break;
      case 'conv1d': {
        const back = (layer.kernel - 1) * layer.dilation;
        if (back > mostStepsBack)
          fail(`its windows are ${back + 1} steps long, the limit is ${mostStepsBack + 1}`);
        nodes.push({ ...placed, type: 'conv1d', width: layer.units, layer, tensors: { weight, bias } });
        break;
      }
      case 'layer_norm':
        nodes.push({
          ...placed,
          type: 'layer_norm',
          width: inputWidths[0]!,
          layer,
          tensors: { weight, bias },
        });
        break;
      case 'attention': {
        const [width] = inputWidths;
        if (memoryWidth === 0) fail('attends to an encoder, and there is none');
        if (layer.score === 'dot' && width !== memoryWidth)
          fail(`a dot score needs equal widths: it reads ${width} columns, the encoder gives ${memoryWidth}`);
        const tensors = {
          weight,
          bias,
          query: `${full}.query`,
          memory: `${full}.memory`,
          vector: `${full}.vector`,
        };
        nodes.push({ ...placed, type: 'attention', width: memoryWidth, memoryWidth, layer, tensors });
        break;
      }
      case 'crf': {
        const scores = nodes[inputs[0]!];
        if (index < spec.layers.length - 1) fail('a crf must be the last layer');
        if (scores?.type !== 'dense' || scores.layer.activation !== 'linear')
          fail('a crf must read a dense layer that is linear');
        const tensors = {
          transitions: `${full}.transitions`,
          start: `${full}.start`,
          end: `${full}.end`,
        };
        nodes.push({ ...placed, type: 'crf', width: inputWidths[0]!, layer, tensors });
        break;
      }
      case 'program': {
        const width = graphInputWidth(layer);
        if (!takesIds && width !== inputWidths[0])
          fail(`reads ${width} columns, there are ${inputWidths[0]}`);
        const { gives, rows = 1 } = layer.output;
        if (rows > 1 && gives === 'step') fail('a step answers with one row', 'output.rows');
        if (layer.units % rows !== 0) fail(`${layer.units} numbers in ${rows} rows`, 'output.rows');
        const tensors = Object.fromEntries(
          Object.keys(layer.constants).map((one) => [one, `${full}.${one}`]),
        );
        nodes.push({ ...placed, type: 'program', width: layer.units, layer, tensors });
        break;
      }
      case 'pool':
        nodes.push({ ...placed, type: 'pool', width: inputWidths[0]!, layer, tensors: { weight } });
        break;
      default: {
        const total = inputWidths.reduce((sum, width) => sum + width, 0);
        nodes.push({
          ...placed,
          type: layer.type,
          width: layer.type === 'concat' ? total : inputWidths[0]!,
          layer,
        });
      }
    }
    byName.set(name, nodes.length - 1);
  });

  const causal = nodes.every(({ layer }) => !looksAhead(layer));
  return { nodes, inputWidth, causal };
}

/** @throws by `fail` where an embedding reads ids that the input does not have, or has of another vocabulary */
function checkColumns(
  { vocabulary, columns = { first: 0, count: 1 } }: Layer<'embedding'>,
  input: Extract<NetworkInput, { kind: 'ids' }>,
  fail: (what: string) => never,
): void {
  const { first, count } = columns;
  const there = idColumns(input);
  if (first + count > there.length)
    fail(`reads ids ${first} to ${first + count - 1} of a step, which has ${there.length}`);
  for (const other of there.slice(first, first + count))
    if (other !== vocabulary) fail(`has a vocabulary of ${vocabulary}, the ids it reads are of ${other}`);
}

/** A stack is one node a level; each level reads the merged output of the one below. */
function levels(
  layer: RecurrentSpec,
  name: string,
  input: number,
  inputWidth: number,
  first: number,
): Node[] {
  const width = layer.bidirectional && layer.merge === 'concat' ? 2 * layer.units : layer.units;
  return Array.from({ length: layer.layers }, (_, level): Node => {
    const inner = level === 0 ? inputWidth : width;
    const tensors = (direction: 'forward' | 'backward'): DirectionTensors =>
      Object.fromEntries(
        tensorShapes(findCell(layer), { ...layer, inner, initialState: layer.initial_state }).map(
          ([part]) => [part, `${name}.${level}.${direction}.${tensorNames[part]}`],
        ),
      ) as unknown as DirectionTensors;
    return {
      name: layer.layers > 1 ? `${name}.${level}` : name,
      inputs: [level === 0 ? input : first + level - 1],
      inputWidths: [inner],
      width,
      type: 'recurrent',
      layer,
      tensors: { forward: tensors('forward'), backward: layer.bidirectional ? tensors('backward') : null },
      ends: layer.bidirectional && layer.backward_at === 'first' && level === layer.layers - 1,
    };
  });
}
