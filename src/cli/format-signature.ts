import type { SignatureTensor, SignedGraph } from '../operators/signature.ts';
import type { TensorLookup } from '../vocabulary/tensor-lookup.ts';

/** A file's inputs and outputs in lines, for a person, and what computes them. */
export function formatSignature(
  { signature: { inputs, outputs }, operators }: SignedGraph,
  onLayers: boolean,
  lookups: readonly TensorLookup[] = [],
): string[] {
  const asWritten = (tensor: SignatureTensor): Shown =>
    lookups.find(({ name }) => name === tensor.name) ?? tensor;
  const rows = [
    ...inputs.map((tensor) => ['input', tensor.name, describe(asWritten(tensor))]),
    ...outputs.map((tensor) => ['output', tensor.name, describe(tensor)]),
  ];
  const width = Math.max(...rows.map(([, name]) => name!.length));
  const path = onLayers ? 'its layers, batched by step' : `its graph of ${operators.length} operators`;
  return [
    `tensors over /v2, computed by ${path}:`,
    ...rows.map(([role, name, type]) => `  ${role!.padEnd(6)}  ${name!.padEnd(width)}  ${type}`),
  ];
}

type Shown = Pick<SignatureTensor, 'shape'> & { readonly datatype: string };

const describe = ({ datatype, shape }: Shown): string =>
  `${datatype} ${shape ? `[${shape.map((size) => size ?? '?').join(', ')}]` : 'of any shape'}`;
