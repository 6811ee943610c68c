import { UnrollError } from '../errors.ts';
import type { CompiledOperatorGraph } from '../network/layers/operator-graph/run.ts';
import { keyOf } from '../network/layers/operator-graph/scratch.ts';
import { elementCount, type Operand } from '../operators/operand.ts';
import { prepareGraph } from '../operators/prepare-graph.ts';
import type { NetworkProgram } from '../network/program.ts';

/**
 * What tells whether a network can take a sequence of some length: a program over sequences may need more steps than it is given, or have
 * one length alone. Each length is tried once, on shapes.
 * @returns null where every length will do; else what throws UnrollError input_mismatch
 */
export function createLengthCheck(
  { nodes }: Pick<NetworkProgram, 'nodes'>,
  memory: WebAssembly.Memory,
): ((steps: number) => void) | null {
  const programs = nodes.filter((node) => node.kind === 'program' && node.layer.runs === 'sequence');
  if (programs.length === 0) return null;
  const seen = new Map<number, string | null>();
  return (steps) => {
    if (!seen.has(steps)) seen.set(steps, reasonAgainst(programs as CompiledOperatorGraph[], memory, steps));
    const reason = seen.get(steps);
    if (reason !== null)
      throw new UnrollError('input_mismatch', `the network cannot take ${steps} steps: ${reason}`);
  };
}

function reasonAgainst(
  programs: readonly CompiledOperatorGraph[],
  memory: WebAssembly.Memory,
  steps: number,
): string | null {
  for (const { layer, constants, sweeps } of programs) {
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
            sweeps[keyOf(operator)]!.directions.map(({ units, hasCellState }) => ({
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
