import type { Tensor } from '../../network/weights.ts';
import type { Config } from './keras-config.ts';

/** A layer as Keras describes it, whichever version wrote it. */
export interface KerasLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Config;
  /** What it reads, in order. */
  readonly inputs: readonly TensorSource[];
  /** Its weights in the order Keras keeps them; of a Bidirectional, the forward direction's first. */
  readonly weights: readonly Tensor[];
}

/** A tensor that a layer gives: most give one. */
export interface TensorSource {
  readonly layer: string;
  readonly tensor: number;
  /** By which it is handed on, where it goes by name. */
  readonly argument?: string;
}
