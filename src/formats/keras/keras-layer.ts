import type { Tensor } from '../../network/weights.ts';
import type { Config } from './keras-config.ts';

/** A layer as Keras describes it, whichever version wrote it. */
export interface KerasLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Config;
  /** A function of keras.ops that a functional model of Keras 3 calls. */
  readonly isOperation?: true;
  /** Its weights in the order Keras keeps them; of a Bidirectional, the forward direction's first. */
  readonly weights: readonly Tensor[];
  /** Of a layer that looks texts up, where it is a file of its own in the zip: Keras' special tokens come first. */
  readonly vocabulary?: readonly string[] | undefined;
  /** Keyword arguments of the call at hand that are no tensors. */
  readonly options?: Config;
}

/** An output of one call of a layer. */
export interface TensorSource {
  readonly layer: string;
  /** Which call of the layer, from 0. */
  readonly call: number;
  readonly tensor: number;
  /** The keyword argument that passes it on; absent for a positional one. */
  readonly argument?: string;
  /** Its key in the dict that it is passed in, or that the model takes or gives. */
  readonly key?: string;
}

/** One use of a layer: a shared layer has several. */
export interface LayerCall {
  readonly inputs: readonly TensorSource[];
  /** Keyword arguments that are no tensors; Keras 3 has all positional ones in `args`. */
  readonly options: Config;
}

/** A layer of a model with its calls. */
export interface ModelMember<Layer> {
  readonly layer: Layer;
  /** The model nested here, which the layer is or, TimeDistributed, wraps. */
  readonly model: ModelTopology<Layer> | null;
  readonly calls: readonly LayerCall[];
}

/** A model: layers, and how their calls are connected. */
export interface ModelTopology<Layer> {
  readonly members: readonly ModelMember<Layer>[];
  readonly inputs: readonly TensorSource[];
  readonly outputs: readonly TensorSource[];
}
