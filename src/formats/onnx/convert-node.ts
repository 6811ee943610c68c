import { layerOperators } from './layer-operators.ts';
import type { Inputs, OperatorConverter, ConversionContext } from './operator-converter.ts';
import type { OnnxNode } from './read-onnx.ts';
import { convertRecurrent } from './recurrent.ts';
import { invalidModel } from '../format-errors.ts';
import { shapeOperators } from './shape-operators.ts';
import type { TrackedValue } from './tracked-value.ts';

/** Converts a node. @returns its outputs @throws UnrollError invalid_model for an unsupported operator */
export function convertNode(
  node: OnnxNode,
  inputs: Inputs,
  reading: ConversionContext,
): readonly TrackedValue[] {
  if (node.domain !== '') invalidModel(`operators of ${node.domain} are not supported`);
  const operator = operators[node.op];
  if (!operator || !Object.hasOwn(operators, node.op)) return invalidModel('the operator is not supported');
  return operator(node, inputs, reading);
}

const operators: Readonly<Record<string, OperatorConverter>> = {
  RNN: convertRecurrent,
  GRU: convertRecurrent,
  LSTM: convertRecurrent,
  ...shapeOperators,
  ...layerOperators,
};
