// What an unpickled file is made of. Nothing in it can run: a class we don't know is refused before anything is made of it.

/** A storage that a tensor looks at. */
export interface StorageRef {
  readonly kind: 'storage';
  /** `FloatStorage`, for one. */
  readonly type: string;
  readonly key: string;
  readonly elements: number;
}

/** A view of a storage. */
export interface TensorRef {
  readonly kind: 'tensor';
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A TorchScript module: its attributes. */
export interface ScriptObject {
  readonly kind: 'object';
  readonly name: string;
  attributes: PickleValue;
}

/** A class or function by name, until something is made of it. */
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
  | GlobalRef;

export const isKind = <K extends 'storage' | 'tensor' | 'object' | 'global'>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K }> =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
