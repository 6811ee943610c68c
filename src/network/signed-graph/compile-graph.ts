import { placeWeights } from '../place-weights.ts';
import { UnrollError } from '../../errors.ts';
import type { Emitter } from '../../kernel/emit/emitter.ts';
import { emitGather } from '../../kernel/emit/rows.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { MemoryFull } from '../../kernel/memory.ts';
import { checkNames } from '../../operators/check-operator-graph.ts';
import type { SignedGraph } from '../../operators/signature.ts';
import { packOperators } from '../layers/operator-graph/pack-operators.ts';
import type { PackedOperators } from '../layers/operator-graph/compiled.ts';
import type { CompiledGraph } from './compiled-graph.ts';

/**
 * Packs and compiles a graph into the kernel's memory.
 * @throws UnrollError invalid_model, out_of_memory
 */
export function compileGraph(
  { signature, operators, constants }: SignedGraph,
  kernel: Kernel,
): CompiledGraph {
  checkNames([...signature.inputs.map(({ value }) => value), ...constants.keys()], operators);
  const placed = placeWeights(kernel);
  const { place, regions } = placed;
  try {
    const entries = [...constants];
    const floats = new Map(entries.filter(([, { kind }]) => kind === 'float'));
    const outputs = signature.outputs.map(({ value }) => value);
    let packed: PackedOperators;
    const { module, ...code } = kernel.compile((e: Emitter) => {
      packed = packOperators({ operators, outputs }, floats, { e, place });
      // a module has at least one function
      emitGather(e, 1);
    });
    const whole = entries
      .filter(([, { kind }]) => kind !== 'float')
      .map(([name, { values }]): [string, number] => [
        name,
        place(2 * Math.max(1, values.length), (room) =>
          new Float64Array(room.buffer, room.byteOffset, values.length).set(values),
        ),
      ]);
    return {
      ...packed!,
      constants: { ...packed!.constants, ...Object.fromEntries(whole) },
      constantTypes: Object.fromEntries(entries.map(([name, { kind, shape }]) => [name, { kind, shape }])),
      signature,
      operators,
      module,
      regions,
      weightBytes: placed.bytes,
      code,
    };
  } catch (error) {
    placed.free();
    if (error instanceof MemoryFull) throw new UnrollError('out_of_memory', error.message, { cause: error });
    throw error;
  }
}
