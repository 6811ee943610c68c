import { layerOperators } from './layer-operators.ts';
import type { Inputs, Operator, Reading } from './operator.ts';
import type { OnnxNode } from './read-onnx.ts';
import { convertRecurrent } from './recurrent.ts';
import { refuse } from './refuse.ts';
import { shapeOperators } from './shape-operators.ts';
import type { Value } from './values.ts';

/** What an operator makes of its inputs. @throws UnrollError invalid_model, saying what we don't have */
export function convertNode(node: OnnxNode, inputs: Inputs, reading: Reading): readonly Value[] {
  if (node.domain !== '' && node.domain !== 'ai.onnx')
    refuse(`operators of ${node.domain} are not supported`);
  const operator = operators[node.op];
  if (!operator || !Object.hasOwn(operators, node.op)) return refuse('there is no such operator here');
  return operator(node, inputs, reading);
}

const operators: Readonly<Record<string, Operator>> = {
  RNN: convertRecurrent,
  GRU: convertRecurrent,
  LSTM: convertRecurrent,
  ...shapeOperators,
  ...layerOperators,
};
