import type { CompiledOperatorGraph } from './compiled.ts';
import { checkOperatorGraph } from '../../../operators/check-operator-graph.ts';
import { elementCount, type Operand } from '../../../operators/operand.ts';
import type { CompileContext } from '../layer.ts';
import { packOperators } from './pack-operators.ts';
import type { OperatorGraphSpec } from './schema.ts';

/** float32 of what a step hands to the next one. */
const operatorGraphStateFloats = ({ states, input }: OperatorGraphSpec): number =>
  states.reduce((sum, { shape }) => sum + elementCount(shape), 0) + input.context;

/** An operator graph at load. */
export function compileOperatorGraph(
  layer: OperatorGraphSpec,
  tensors: Readonly<Record<string, string>>,
  context: CompileContext,
): CompiledOperatorGraph {
  const floats = new Map(
    Object.entries(layer.constants).map(([name, shape]): [string, Operand] => [
      name,
      { kind: 'float', shape, values: context.tensor(tensors[name]!), known: true },
    ]),
  );
  checkOperatorGraph(layer, (name) => floats.get(name)!);
  const outputs = [layer.output.value, ...layer.states.map(({ output }) => output)];
  const packed = packOperators({ operators: layer.operators, outputs }, floats, context);
  const placeStart = (): number =>
    context.place(operatorGraphStateFloats(layer), (room) => {
      room.fill(0);
      let at = 0;
      for (const { start, shape } of layer.states) {
        if (start !== undefined) room.set(floats.get(start)!.values, at);
        at += elementCount(shape);
      }
    });
  return {
    ...packed,
    kind: 'operator_graph',
    layer,
    stateFloats: operatorGraphStateFloats(layer),
    start: layer.states.some(({ start }) => start !== undefined) ? placeStart() : null,
  };
}
