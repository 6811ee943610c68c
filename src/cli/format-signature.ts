import type { SignatureTensor, SignedGraph } from '../operators/signature.ts';

/** A graph's inputs and outputs in lines, for a person, and what computes them. */
export function formatSignature(
  { signature: { inputs, outputs }, operators }: SignedGraph,
  onLayers: boolean,
): string[] {
  const rows = [
    ...inputs.map((tensor) => ['input', tensor.name, describe(tensor)]),
    ...outputs.map((tensor) => ['output', tensor.name, describe(tensor)]),
  ];
  const width = Math.max(...rows.map(([, name]) => name!.length));
  const path = onLayers ? 'its layers, batched by step' : `its graph of ${operators.length} operators`;
  return [
    `tensors over /v2, computed by ${path}:`,
    ...rows.map(([role, name, type]) => `  ${role!.padEnd(6)}  ${name!.padEnd(width)}  ${type}`),
  ];
}

const describe = ({ datatype, shape }: SignatureTensor): string =>
  `${datatype} ${shape ? `[${shape.map((size) => size ?? '?').join(', ')}]` : 'of any shape'}`;
