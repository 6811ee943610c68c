import type { CompiledOperatorGraph } from '../network/layers/operator-graph/compiled.ts';
import { UnrollError } from '../errors.ts';
import { operatorKey } from '../network/layers/operator-graph/scratch.ts';
import { elementCount, type Operand } from '../operators/operand.ts';
import { prepareGraph } from '../operators/prepare-graph.ts';
import type { CompiledNetwork } from '../network/compile-network.ts';

/**
 * Creates a check of input lengths: an operator graph over sequences may need a minimum number of steps, or
 * one fixed number. Each length is checked once, by shape inference, and cached.
 * @returns null if the network accepts every length; else a function that throws UnrollError input_mismatch
 */
export function createLengthCheck(
  { nodes }: Pick<CompiledNetwork, 'nodes'>,
  memory: WebAssembly.Memory,
): ((steps: number) => void) | null {
  const graphs = nodes.filter((node) => node.kind === 'operator_graph' && node.layer.runs === 'sequence');
  if (graphs.length === 0) return null;
  const reasons = new Map<number, string | null>();
  return (steps) => {
    if (!reasons.has(steps)) reasons.set(steps, findReason(graphs as CompiledOperatorGraph[], memory, steps));
    const reason = reasons.get(steps);
    if (reason !== null)
      throw new UnrollError(
        'input_mismatch',
        `input: ${steps} steps are not supported by the network: ${reason}`,
      );
  };
}

/** @returns why a number of steps is not supported, null if it is */
function findReason(
  graphs: readonly CompiledOperatorGraph[],
  memory: WebAssembly.Memory,
  steps: number,
): string | null {
  for (const { layer, constants, sweeps } of graphs) {
    const constant = (name: string): Operand => {
      const shape = layer.constants[name]!;
      const address = constants[name];
      const values =
        address === undefined
          ? new Float32Array(0)
          : new Float32Array(memory.buffer, address, elementCount(shape));
      return { kind: 'float', shape, values, known: true };
    };
    try {
      prepareGraph(
        layer,
        steps,
        {
          floats: Float32Array,
          product: () => null,
          sweeps: (operator) =>
            sweeps[operatorKey(operator)]!.directions.map(({ units, hasCellState }) => ({
              units,
              hasCellState,
              run: () => {},
            })),
        },
        constant,
      );
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      return error.message;
    }
  }
  return null;
}
