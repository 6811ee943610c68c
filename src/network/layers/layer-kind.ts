import type { z } from 'zod';
import type { KernelFunctions } from '../../kernel/instantiate.ts';
import type { RowCount } from '../../operators/row-count.ts';
import type { Rng } from '../../random.ts';
import type { CompileContext } from './layer.ts';
import type { RowMath } from './row-math.ts';

// The interface of a kind of layer on the main thread, where models are checked and compiled (kinds.ts).
// `run.ts` runs it (runs.ts), `learn.ts` trains it (learnings.ts): a worker loads `run.ts` only.

/** The fields that all layers of model.json have. */
export interface LayerFields {
  readonly type: string;
  readonly name?: string | undefined;
  readonly inputs?: readonly string[] | undefined;
}

export type TensorShape = readonly [tensor: string, shape: readonly number[]];

export interface LayerPlace {
  /** The layer's name; a level of a stack is `<name>.<level>`. */
  readonly name: string;
  /** Nodes read; −1 is the network's input. */
  readonly inputs: readonly number[];
  readonly inputWidths: readonly number[];
}

/** A layer with its place in a graph. */
export interface LayerNode<Spec extends LayerFields = LayerFields, Tensors = unknown> extends LayerPlace {
  readonly type: Spec['type'];
  readonly width: number;
  readonly layer: Spec;
  /** Names of its tensors, by their role in the layer. */
  readonly tensors: Tensors;
  /** The tensors it reads, with their shapes. */
  readonly shapes: readonly TensorShape[];
}

export interface ResolveContext extends LayerPlace {
  /** Index of the first node that the layer becomes. */
  readonly index: number;
  /** The node that it reads first; undefined where that is the network's input. */
  readonly before: LayerNode | undefined;
  readonly isLast: boolean;
  /** Vocabularies of the ids of a step, where the layer reads the network's input and that is ids. */
  readonly ids: readonly number[] | null;
  /** Columns of the encoder's output; 0 where there is no encoder. */
  readonly memoryWidth: number;
  /** @throws UnrollError invalid_model, naming the layer and the field */
  readonly fail: (what: string, field?: string) => never;
}

/** Evidence of the network's input from a layer that reads it. */
export type InputEvidence =
  | { readonly from: 'spec'; readonly input: 'ids'; readonly vocabulary: number }
  | { readonly from: 'spec'; readonly input: 'features'; readonly width: number }
  | { readonly from: 'table'; readonly vocabulary: number; readonly first: number; readonly count: number }
  /** The second dimension of a tensor of so many dimensions is the number of columns. */
  | { readonly from: 'tensor'; readonly suffix: string; readonly dimensions: number };

export type Rows = readonly Float64Array[];

export interface ReferenceContext {
  /** Rows of every input. */
  readonly inputs: readonly Rows[];
  readonly tensor: (name: string) => Float32Array;
  /** One id of every step of the network's input. */
  readonly ids: (column: number) => number[];
}

export interface InitialiseOptions {
  /** Embeddings are uniform in ± this. */
  readonly embeddingScale: number;
  /** he: matrices whose rows go through a relu start wider (He et al. 2015). */
  readonly initialisation: 'glorot' | 'he';
}

/**
 * One kind of layer. Methods, so that the registry can type every kind as one that takes any layer: the graph
 * passes a layer to the kind of its type only.
 */
export interface LayerKind<
  Spec extends LayerFields = LayerFields,
  Node extends LayerNode = LayerNode,
  Compiled extends { readonly kind: string } = { readonly kind: string },
> {
  /** Of model.json. */
  readonly schema: z.ZodType<Spec>;
  /** Whether it reads several inputs; one without it. */
  readonly severalInputs?: boolean;
  /** Whether it reads ids. */
  readsIds?(layer: Spec): boolean;
  /** Null, or absent, where the layer is no evidence. */
  inputEvidence?(layer: Spec): InputEvidence | null;
  /** Whether a step's rows depend on a later step. */
  looksAhead?(layer: Spec): boolean;
  /** Whether the network has one output a sequence, rather than one a step. */
  isSequenceToOne?(layer: Spec): boolean;
  /** Rows of the output of a sequence, 1 by default. */
  countOutputRows?(layer: Spec): number;
  /** Which steps have a row of the output, where not every one or the last alone has. */
  findRowSteps?(layer: Spec): RowCount | null;
  /** Why a layer of a kind that is trained cannot be; null where it can. @param layer unchecked */
  inferenceOnly?(layer: Readonly<Record<string, unknown>>): string | null;
  /** The nodes it becomes, more than one for a stack: checked, with widths and tensors. */
  resolve(layer: Spec, context: ResolveContext): Node | readonly Node[];
  /**
   * Emits its code and places its weights. @returns plain data that a worker's `run` is given; null where its
   * rows are those of its input when it serves
   */
  compile(node: Node, context: CompileContext): Compiled | null;
  /**
   * Fills placed memory by the network's own code, once that is compiled.
   * @param before its first input, compiled
   */
  fill?(compiled: Compiled, functions: KernelFunctions, before: { readonly kind: string } | undefined): void;
  /** Its equations in float64, for tests and `unroll import`. */
  reference(node: Node, context: ReferenceContext): Rows;
  /** The same for one row, where rows do not depend on each other: the tests differentiate it. */
  equations?<Row>(node: Node, math: RowMath<Row>, x: Row): Row;
  /**
   * First values of a tensor before training. By default, or where it returns null, a matrix is Glorot and
   * Bengio's and a vector zeros.
   */
  initialise?(node: Node, shape: TensorShape, random: Rng, options: InitialiseOptions): Float32Array | null;
  /** Its options as text for /v1/models and `unroll inspect`. */
  describe(layer: Spec): string;
}
