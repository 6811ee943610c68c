import { z } from 'zod';
import { UnrollError } from '../errors.ts';
import { datatypes } from '../tensors/datatypes.ts';
import { bytesOf, valuesOfBytes, valuesOfJson, wrong, type WireTensor } from '../tensors/tensor.ts';

// Bodies of the Open Inference Protocol: JSON, or with its binary extension JSON and then the tensors' bytes in their order, with the
// length of the JSON in a header.

export const headerLength = 'inference-header-content-length';
const parameters = z.record(z.string(), z.unknown()).default({});
const wanted = z.object({ name: z.string(), parameters });

export const inferenceRequest = z.object({
  id: z.string().max(256).optional(),
  parameters,
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z.array(z.number()),
        datatype: z.enum(datatypes),
        parameters,
        data: z.unknown().optional(),
      }),
    )
    .min(1)
    .max(16),
  outputs: z.array(wanted).max(16).optional(),
});
type Request = z.infer<typeof inferenceRequest>;

export interface InferenceCall {
  readonly id: string | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly inputs: readonly WireTensor[];
  readonly outputs: Request['outputs'];
  /** Whether all outputs are asked for in binary, where they don't say themselves. */
  readonly binary: boolean;
}

/** @param length of the JSON, from the header; undefined where the body is JSON alone @throws UnrollError invalid_request, malformed_json */
export function readInference(body: unknown, length: string | undefined): InferenceCall {
  const { json, rest } = Buffer.isBuffer(body) ? split(body, length) : { json: body, rest: Buffer.alloc(0) };
  const { success, data, error } = inferenceRequest.safeParse(json);
  if (!success) {
    const { path, message } = error.issues[0]!;
    return wrong(path.join('.') || 'body', message);
  }
  let at = 0;
  const inputs = data.inputs.map((input, i): WireTensor => {
    const field = `inputs[${i}]`;
    const { name, shape, datatype } = input;
    const size = input.parameters['binary_data_size'];
    if (size === undefined) {
      if (input.data === undefined) wrong(`${field}.data`, 'is missing');
      return { name, shape, datatype, values: valuesOfJson(input.data, input, field) };
    }
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || at + size > rest.length)
      return wrong(
        `${field}.parameters.binary_data_size`,
        `${JSON.stringify(size)} bytes, the body has ${rest.length - at} left`,
      );
    const bytes = rest.subarray(at, (at += size));
    return { name, shape, datatype, values: valuesOfBytes(bytes, input, field) };
  });
  if (at !== rest.length) wrong('body', `${rest.length - at} bytes belong to no input`);
  return {
    id: data.id,
    parameters: data.parameters,
    inputs,
    outputs: data.outputs,
    binary: data.parameters['binary_data_output'] === true,
  };
}

function split(body: Buffer, length: string | undefined): { json: unknown; rest: Buffer } {
  const size = length === undefined ? body.length : Number(length);
  if (!Number.isSafeInteger(size) || size < 0 || size > body.length)
    return wrong(
      headerLength,
      `must be the bytes of the JSON, at most ${body.length}, was ${String(length).slice(0, 32)}`,
    );
  try {
    return { json: JSON.parse(body.toString('utf8', 0, size)), rest: body.subarray(size) };
  } catch (error) {
    throw new UnrollError(
      'malformed_json',
      'the body does not begin with JSON of the length that its header says',
      { cause: error },
    );
  }
}

export interface InferenceReply {
  readonly body: object | Buffer;
  /** Of the JSON, where bytes follow it. */
  readonly jsonLength: number | null;
}

/** Puts the outputs asked for into a body. @throws UnrollError invalid_request for an output that the model doesn't have */
export function writeInference(
  model: { readonly name: string; readonly version: number },
  call: InferenceCall,
  outputs: readonly WireTensor[],
): InferenceReply {
  const chosen = call.outputs
    ? call.outputs.map(({ name, parameters: own }, i) => ({
        tensor:
          outputs.find((one) => one.name === name) ??
          wrong(`outputs[${i}].name`, `the model gives ${outputs.map((one) => one.name).join(', ')}`),
        binary: own['binary_data'] === undefined ? call.binary : own['binary_data'] === true,
      }))
    : outputs.map((one) => ({ tensor: one, binary: call.binary }));
  const chunks: Uint8Array[] = [];
  const shown = chosen.map(({ tensor: { name, datatype, shape, values, ...rest }, binary }) => {
    const head = { name, datatype, shape };
    if (!binary) return { ...head, data: values };
    const bytes = bytesOf({ name, datatype, shape, values, ...rest });
    chunks.push(bytes);
    return { ...head, parameters: { binary_data_size: bytes.length } };
  });
  const body = {
    model_name: model.name,
    model_version: String(model.version),
    ...(call.id !== undefined && { id: call.id }),
    outputs: shown,
  };
  if (chunks.length === 0) return { body, jsonLength: null };
  const json = Buffer.from(JSON.stringify(body));
  return { body: Buffer.concat([json, ...chunks]), jsonLength: json.length };
}
