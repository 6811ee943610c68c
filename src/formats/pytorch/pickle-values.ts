// The values of an unpickled file: plain data only. Nothing is ever constructed from an unknown class: its
// values are opaque.

/** A storage: the block of numbers behind tensors. */
export interface StorageRef {
  readonly kind: 'storage';
  /** Its class, for example `FloatStorage`. */
  readonly type: string;
  readonly key: string;
  readonly elements: number;
}

/** A tensor: a strided view of a storage; offset and strides in elements. */
export interface TensorRef {
  readonly kind: 'tensor';
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A TorchScript module. */
export interface ScriptObject {
  readonly kind: 'object';
  readonly name: string;
  attributes: PickleValue;
}

/** A value of a class that is not read, for example of argparse.Namespace; what it is made of is dropped. */
export interface OpaqueValue {
  readonly kind: 'opaque';
  /** The class or function that makes it. */
  readonly name: string;
  /** Whether it is an nn.Module, which has weights. */
  isModule?: true;
}

/** A reference to a class or function by name. */
export interface GlobalRef {
  readonly kind: 'global';
  readonly name: string;
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | StorageRef
  | TensorRef
  | ScriptObject
  | OpaqueValue
  | GlobalRef;

export const isKind = <K extends 'storage' | 'tensor' | 'object' | 'opaque' | 'global'>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K }> =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
