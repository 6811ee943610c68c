import { numberDatatypes } from '../../open-inference/datatypes.ts';
import type { TensorSignature } from '../../open-inference/tensor-signature.ts';
import { parseBinaryValues, type WireTensor } from '../../open-inference/tensor.ts';
import { invalidField } from '../../tasks/invalid-field.ts';
import type { TimeSlice } from '../../time-slice.ts';

/**
 * Reads a body of bytes alone as a model's only input. A text is the whole body. The last size that is not
 * fixed follows from the number of bytes, the others are 1.
 * @param inputs of the model, without optional ones
 * @throws UnrollError invalid_request, cancelled
 */
export async function readRawInput(
  inputs: readonly TensorSignature[],
  body: Buffer,
  slice: TimeSlice,
): Promise<WireTensor> {
  const [input] = inputs;
  if (!input || inputs.length > 1)
    return invalidField(
      'inputs',
      `bytes without a header are read where a model has one input; this one has ${inputs.map(({ name }) => name).join(', ')}`,
    );
  const { name, datatype } = input;
  if (datatype === 'BYTES') {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(body.length);
    const text = Buffer.concat([length, body]);
    const values = await parseBinaryValues(text, { datatype, shape: [1] }, name, slice);
    return { name, datatype, shape: [1], values };
  }
  const open = input.shape.lastIndexOf(-1);
  const fixed = input.shape.reduce((product, size) => (size < 0 ? product : product * size), 1);
  const rest = body.length / (fixed * numberDatatypes[datatype].bytes);
  const shape = input.shape.map((size, axis) => (axis === open ? Math.floor(rest) : Math.max(1, size)));
  const values = await parseBinaryValues(body, { datatype, shape }, name, slice);
  return { name, datatype, shape, values };
}
