import type { OperandKind } from '../../operators/number-kinds.ts';
import type { SignedGraph } from '../../operators/signature.ts';
import type { PackedOperators } from '../layers/operator-graph/compiled.ts';
import type { CodePath } from '../compile-network.ts';

/** A graph with its file's signature in the shared memory: plain data, cloned to every worker. */
export interface CompiledGraph extends PackedOperators, Pick<SignedGraph, 'signature' | 'operators'> {
  readonly module: WebAssembly.Module;
  /** Constants of integers and booleans have float64 at their addresses. */
  readonly constantTypes: Readonly<
    Record<string, { readonly kind: OperandKind; readonly shape: readonly number[] }>
  >;
  /** Memory to free when the graph is unloaded. */
  readonly regions: readonly number[];
  readonly weightBytes: number;
  readonly code: CodePath;
}
