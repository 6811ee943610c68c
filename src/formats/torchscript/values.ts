import type { ValueKind } from './value-kind.ts';
import type { ScriptObject } from '../pytorch/pickle-values.ts';
import type { FunctionCode } from './code/syntax.ts';
import type { Dimension } from './dimensions.ts';

// The values of the code while it is interpreted. Numbers are known or values of the graph; tensors are values
// of the graph, whose sizes may be unknown.

/** Numbers in one type may be of several sizes; null while unknown. Shared by values of the same type. */
export interface ElementType {
  kind: ValueKind | null;
}

/** int, float or bool. */
export interface Scalar {
  readonly kind: 'scalar';
  readonly type: ValueKind;
  /** Null when a run computes it. */
  readonly known: number | null;
  /** The graph's value of shape []; '' when it is known. */
  readonly node: string;
  /** The size that it is. */
  readonly dimension?: Dimension;
  /** The comparison that it is the result of. */
  readonly compares?: { readonly equal: boolean; readonly left: Value; readonly right: Value };
  /** The type of elements that it denotes: a dtype is an int. */
  readonly elements?: ElementType;
}

export interface Tensor {
  readonly kind: 'tensor';
  /** The graph's value. Operators that write into a tensor replace it. */
  node: string;
  readonly type: ElementType;
  /** Null for an input whose number of dimensions is not known yet. */
  readonly shape: readonly Dimension[] | null;
  /** The number that all elements are. */
  fill: number | null;
  /** A part of the code's or the caller's, whose writes would outlive a call. */
  readonly attribute?: true;
  /** Where the code has written into it; null for all of it. */
  writes: readonly (Place | null)[];
  /** Whether the code has written into a view of it that cannot be followed: it may not be read again. */
  outdated: boolean;
  readonly view?: View;
  readonly packed?: Packed;
  readonly order?: Order;
  readonly sizes?: { readonly packed: Packed };
  /** 0, 1, 2 … */
  readonly range?: true;
}

/** A tensor that shares another's elements. */
export interface View {
  readonly base: Tensor;
  /** The number of the base's writes that it has seen. */
  seen: number;
  /** Where in the base it is; null where writes cannot be followed. */
  readonly place: Place | null;
}

/** One position of an axis, or a range of them. */
export type Place =
  | { readonly axis: number; readonly index: Scalar }
  | { readonly axis: number; readonly start: number; readonly end: number };

/** A packed sequence: padded rows [steps, batch, …] with their lengths. */
export interface Packed {
  readonly rows: Tensor;
  readonly lengths: Tensor;
  /** The length of the longest sequence. */
  readonly steps: Scalar;
  /** What they were sorted by. */
  readonly sort: object | null;
}

/**
 * Sequences sorted by length. Sorting changes no number of a sequence, so rows keep the caller's order, and
 * what is sorted is marked.
 */
export interface Order {
  readonly sort: object;
  readonly role: 'indexes' | 'inverse' | 'empty' | 'sorted';
  /** The axis of the sequences of what is sorted. */
  readonly axis: number;
}

export interface List {
  readonly kind: 'list';
  readonly items: Value[];
  /** Items of the same shape in one tensor, where their number is not known. */
  stacked: {
    readonly tensor: Tensor;
    readonly axis: number;
    readonly count: Scalar;
    /** Whether items have the axis, with the size 1. */
    readonly keepsAxis?: true;
  } | null;
  /** The loop that it was made in. */
  readonly depth: number;
}

export interface Tuple {
  readonly kind: 'tuple';
  readonly items: readonly Value[];
  /** Of a NamedTuple. */
  readonly fields: readonly string[] | null;
}

export type Value =
  | Scalar
  | Tensor
  | List
  | Tuple
  | { readonly kind: 'none' }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'device' }
  | { readonly kind: 'dict'; readonly entries: Map<string | number, Value> }
  | { readonly kind: 'module'; readonly object: ScriptObject }
  | { readonly kind: 'method'; readonly object: ScriptObject; readonly code: FunctionCode }
  | { readonly kind: 'function'; readonly code: FunctionCode }
  | { readonly kind: 'class'; readonly name: string; readonly fields: readonly string[] }
  /** A name of torch or ops that is called. */
  | { readonly kind: 'operator'; readonly name: string }
  | { readonly kind: 'uninitialized' };

export const none: Value = { kind: 'none' };
export const int = (known: number): Scalar => ({ kind: 'scalar', type: 'int', known, node: '' });
export const float = (known: number): Scalar => ({ kind: 'scalar', type: 'float', known, node: '' });
export const bool = (known: boolean): Scalar => ({
  kind: 'scalar',
  type: 'bool',
  known: known ? 1 : 0,
  node: '',
});
export const tuple = (...items: readonly Value[]): Tuple => ({ kind: 'tuple', items, fields: null });

/** What a value is, for errors. */
export const describe = (value: Value): string =>
  value.kind === 'scalar'
    ? `${value.type}${value.known === null ? '' : ` ${value.known}`}`
    : value.kind === 'tensor' && value.packed
      ? 'packed sequence'
      : value.kind;
