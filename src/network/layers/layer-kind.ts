import type { z } from 'zod';
import type { KernelFunctions } from '../../kernel/instantiate.ts';
import type { RowCount } from '../../operators/row-count.ts';
import type { Rng } from '../../random.ts';
import type { CompileContext } from './layer.ts';
import type { RowMath } from './row-math.ts';

// What a layer is while a model is checked and compiled, on the main thread (registry.ts). What runs it is its `run.ts`
// (run-registry.ts), what trains it its `learn.ts` (learn-registry.ts): a worker loads the first alone.

/** A layer of model.json, as far as all have the same fields. */
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
  /** Names of its tensors, by what they are to the layer. */
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

/** What a layer that reads the network's input tells about it. */
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
 * One kind of layer. Methods, so that the registry can hold every kind as one that takes any layer: the graph passes a
 * layer to the kind of its type alone.
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
  /** Null where it tells nothing; without it, too. */
  inputEvidence?(layer: Spec): InputEvidence | null;
  /** Whether a step's rows depend on a later step. */
  looksAhead?(layer: Spec): boolean;
  /** Whether the network answers once a sequence, rather than at every step. */
  answersOnce?(layer: Spec): boolean;
  /** Rows of an answer, 1 without it. */
  answerRows?(layer: Spec): number;
  /** The steps that have a row of the answer, where not every one does. */
  answersEvery?(layer: Spec): RowCount | null;
  /** Why a layer of a kind that is trained cannot be; null where it can. @param layer unchecked */
  inferenceOnly?(layer: Readonly<Record<string, unknown>>): string | null;
  /** The nodes it becomes, more than one for a stack: checked, with widths and tensors. */
  resolve(layer: Spec, context: ResolveContext): Node | readonly Node[];
  /**
   * Emits its code and places its weights. @returns plain data that a worker's `run` is given; null where its rows are
   * those of its input when it serves
   */
  compile(node: Node, context: CompileContext): Compiled | null;
  /** Fills what it placed by the network's own code, once that is compiled. @param before what its first input compiled to */
  fill?(compiled: Compiled, functions: KernelFunctions, before: { readonly kind: string } | undefined): void;
  /** Its equations in float64, for tests and `unroll import`. */
  reference(node: Node, context: ReferenceContext): Rows;
  /** The same for one row, where rows do not depend on each other: the tests differentiate it. */
  equations?<Row>(node: Node, math: RowMath<Row>, x: Row): Row;
  /**
   * First values of a tensor before training. Without it, or where it gives null, a matrix is Glorot and Bengio's and a vector
   * zeros.
   */
  initialise?(node: Node, shape: TensorShape, random: Rng, options: InitialiseOptions): Float32Array | null;
  /** Its options, for a person: of /v1/models and `unroll inspect`. */
  describe(layer: Spec): string;
}
