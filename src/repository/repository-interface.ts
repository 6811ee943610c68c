import type { NetworkHandle } from '../engine/engine-interface.ts';
import type { CrfPotentials } from '../decoding/crf/potentials.ts';
import type { ServedSpec } from './loader-messages.ts';
import type { ModelStatistics } from './model-statistics.ts';
import type { ModelSpec } from '../network/spec.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';

/** A version that is loaded and can answer. */
export interface ServedModel {
  readonly name: string;
  readonly version: number;
  readonly spec: ServedSpec;
  /** Null where the input is numeric. */
  readonly vocabulary: Vocabulary | null;
  /** decode: what it writes; else null. */
  readonly target: Vocabulary | null;
  /** tag: the chain over its labels, where the network ends in one; else null. */
  readonly chain: CrfPotentials | null;
  readonly network: NetworkHandle;
  readonly statistics: ModelStatistics;
}

export interface ModelListing {
  readonly name: string;
  readonly version: number;
  readonly task: ModelSpec['task'] | null;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly error: string | null;
  /** Somebody asked for it to be unloaded: it is not ready, but nothing is wrong with it. */
  readonly unloaded: boolean;
  readonly served: ServedModel | null;
  readonly statistics: ModelStatistics;
  /** Seconds since 1970 when its folder was last changed. */
  readonly created: number;
}

/** A model in use: it stays loaded until it is released. */
export interface Lease {
  readonly model: ServedModel;
  release(): void;
}

export interface Repository {
  start(): Promise<void>;
  /** Every version of every model, by name, the highest version first. */
  list(): readonly ModelListing[];
  /** @param reference `name` or `name@version` @throws UnrollError invalid_model_name, model_not_found, model_not_ready */
  acquire(reference: string): Lease;
  /** Whether the first scan is over. */
  ready(): boolean;
  rescan(): Promise<void>;
  /**
   * Reads a version, or every version of a name, whether it was unloaded, has changed or not.
   * @throws UnrollError invalid_model_name, model_not_found, or why one of them could not be read; those that could be answer
   */
  load(reference: string): Promise<void>;
  /**
   * Takes a version, or a name with all its versions and those to come, out of service until it is loaded again. Requests in flight
   * finish; the memory is free when the last has. @throws UnrollError invalid_model_name, model_not_found
   */
  unload(reference: string): void;
  close(): Promise<void>;
}
