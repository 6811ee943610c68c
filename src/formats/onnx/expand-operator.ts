import { attentionOperators } from './attention-operators.ts';
import { definedOperators } from './defined-operators.ts';
import type { Expansion } from './function-body.ts';
import { fusedOperators } from './fused-operators.ts';
import type { OnnxFunction, OnnxNode } from './read-onnx.ts';
import { quantisedOperators } from './quantised-operators.ts';
import { transposedConvolution } from './transposed-convolution.ts';

/** Operators that are read as others: by domain and name, the function that a node calls. */
const expansions: Readonly<Record<string, Expansion>> = {
  ...definedOperators,
  ...fusedOperators,
  ConvTranspose: transposedConvolution,
  ...attentionOperators,
  ...quantisedOperators,
};

/** The function that a node calls; undefined where its operator is one of the graph. @throws UnrollError */
export function expandOperator(node: OnnxNode, opset: number): OnnxFunction | undefined {
  const key = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
  return Object.hasOwn(expansions, key) ? expansions[key]!(node, opset) : undefined;
}
