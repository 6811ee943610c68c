import type { GraphSignature } from '../operators/signature.ts';
import type { GraphHandle, NetworkHandle } from '../engine/engine-interface.ts';
import type { CrfPotentials } from '../decoding/crf/potentials.ts';
import type { ServedSpec } from './loader-messages.ts';
import type { SkippedPath } from './skipped-paths.ts';
import type { ModelStatistics } from './model-statistics.ts';
import type { ModelSpec } from '../network/spec.ts';
import type { TensorLookup } from '../vocabulary/tensor-lookup.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';

/** A version that is loaded and ready. */
export type AnyModel = ServedModel | GraphModel;

export interface ModelIdentity {
  readonly name: string;
  readonly version: number;
  readonly statistics: ModelStatistics;
}

/** What is known of a file beside its network. */
interface WithFile {
  /** Inputs that are texts, or integers, in the file and ids in its graph. */
  readonly lookups: readonly TensorLookup<Vocabulary>[];
  /** Of the import, for people. */
  readonly notes: readonly string[];
}

/** A model that is evaluated as tensors only. */
export interface GraphModel extends ModelIdentity, WithFile {
  readonly spec: null;
  readonly network: null;
  readonly graph: GraphHandle;
  /** Why it runs on no sequences. */
  readonly reason: string;
}

/** A model that runs on sequences. */
export interface ServedModel extends ModelIdentity, WithFile {
  /** The graph of its file, which is evaluated for requests of tensors; null where there is none, or no need. */
  readonly graph: GraphHandle | null;
  /** The signature of its file where its layers give what its graph gives; else null. */
  readonly signature: GraphSignature | null;
  readonly spec: ServedSpec;
  /** The input vocabulary; null for numeric inputs. */
  readonly vocabulary: Vocabulary | null;
  /** The output vocabulary of the task decode; else null. */
  readonly target: Vocabulary | null;
  /** The CRF over the labels of the task tag, when the network ends in one; else null. */
  readonly chain: CrfPotentials | null;
  readonly network: NetworkHandle;
  /** SHA-256 of its layers and weights: a state may go on where it is the same. */
  readonly weightsHash: string;
}

export interface ModelListing {
  readonly name: string;
  readonly version: number;
  readonly task: ModelSpec['task'] | null;
  readonly ready: boolean;
  /** Why it is not ready; null when it is ready or still being loaded. */
  readonly error: string | null;
  /** It was unloaded by request: not ready, but not broken. */
  readonly unloaded: boolean;
  readonly served: AnyModel | null;
  readonly statistics: ModelStatistics;
  /** The aliases that point at it. */
  readonly aliases: readonly string[];
  /** Time of the last change to its files, in seconds since 1970. */
  readonly created: number;
}

/** Use of a model by a request: it stays loaded until `release`. */
export interface Lease {
  readonly model: AnyModel;
  release(): void;
}

export interface RepositoryLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface Repository {
  /** Finds the versions and loads them; more than a thousand are loaded after it returns. */
  start(): Promise<void>;
  /** Resolves when the first scan has ended, and what it found is being loaded. */
  readonly scanned: Promise<void>;
  /** Every version of every model, or of one, sorted by name, the highest version first. */
  list(name?: string): readonly ModelListing[];
  /** What the last scan found that is not where a version must be, with the reason. */
  skipped(): readonly SkippedPath[];
  /**
   * Leases a model for a request. The caller must release it.
   * @param reference `name`, `name@version` or `name@alias`. A name refers to the alias default; where that is not set, to the
   * highest version that is ready
   * @throws UnrollError invalid_model_name, model_not_found, alias_not_found, model_not_ready
   */
  acquire(reference: string): Lease;
  /** The version that a reference names, ready or not. @throws as `acquire` */
  find(reference: string): ModelListing;
  /** What the aliases of a model point at; none for an unknown name. */
  aliases(name: string): ReadonlyMap<string, number>;
  /**
   * Points an alias at a version that is ready, in the models folder, where every server sees it. Requests that have begun
   * finish on the version they began with.
   * @param version null removes the alias
   * @returns the version that the alias pointed at before
   * @throws UnrollError model_not_found, model_not_ready, alias_not_found, models_read_only, disk_full, in_use
   */
  setAlias(name: string, alias: string, version: number | null): Promise<number | null>;
  /**
   * Deletes a version from the models folder. Requests and sessions that use it finish first; its number is not given again.
   * @throws UnrollError in_use where an alias points at it, or the name refers to it; model_not_found, models_read_only
   */
  removeVersion(name: string, version: number): Promise<void>;
  /** Deletes a model with all its versions and aliases. @throws UnrollError model_not_found, models_read_only */
  removeModel(name: string): Promise<void>;
  /**
   * Has the version that a reference names loaded before what nobody has asked for.
   * @throws UnrollError invalid_model_name, model_not_found, alias_not_found
   */
  prefer(reference: string): void;
  /** Why no model can be served; null if one can, once all have been tried. It has no path and no name. */
  unready(): string | null;
  /**
   * Finds what has changed in the folder. Resolves when all of it has been loaded or removed, or, with a reference, what that
   * names, which is then loaded before the rest.
   */
  rescan(reference?: string): Promise<void>;
  /**
   * Loads a version, or every version of a name, again, even when it was unloaded or has not changed, and before versions that
   * nobody has asked for.
   * @throws UnrollError invalid_model_name, model_not_found, or the error of a version that could not be
   * loaded; the others are loaded nevertheless
   */
  load(reference: string): Promise<void>;
  /**
   * Unloads a version, or a name with all its present and future versions, until it is loaded again. Requests
   * in flight finish first; the memory is freed after the last.
   * @throws UnrollError invalid_model_name, model_not_found
   */
  unload(reference: string): void;
  close(): Promise<void>;
}
