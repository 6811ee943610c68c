import { z } from 'zod';
import { UnrollError } from '../../errors.ts';
import { withMaxSize } from '../../bounded-schema.ts';
import { datatypes } from '../../open-inference/datatypes.ts';
import {
  binaryByteLength,
  binaryChunks,
  parseBinaryValues,
  parseJsonValues,
  type WireTensor,
} from '../../open-inference/tensor.ts';
import { parseWithoutNulls } from '../body/drop-nulls.ts';
import { invalidField } from '../../tasks/invalid-field.ts';
import { createTimeSlice, type TimeSlice } from '../../time-slice.ts';
import { toClassification } from './classification.ts';
import { toShortestNumbers } from '../float32-text.ts';
import { jsonChunks } from '../json-chunks.ts';
import { parseJson } from '../body/parse-json.ts';

// Bodies of the Open Inference Protocol: JSON, or with its binary extension JSON followed by the tensors'
// bytes in their order, with the length of the JSON in a header.

export const headerLength = 'inference-header-content-length';
/** Of one request: a graph may have a state input for each of its layers. */
const maxTensors = 256;
const parameters = withMaxSize(1024, z.record(z.string(), z.unknown())).default({});
const requestedOutput = z.object({ name: z.string().max(256), parameters });

export const inferenceRequest = z.object({
  id: z.string().max(256).optional(),
  parameters,
  inputs: withMaxSize(
    maxTensors,
    z
      .array(
        z.object({
          name: z.string().max(256),
          shape: withMaxSize(16, z.array(z.number())),
          datatype: z.enum(datatypes),
          parameters,
          data: z.unknown().optional(),
        }),
      )
      .min(1)
      .max(maxTensors),
  ),
  outputs: withMaxSize(maxTensors, z.array(requestedOutput).max(maxTensors)).optional(),
});
type Request = z.infer<typeof inferenceRequest>;

export interface InferenceCall {
  readonly id: string | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly inputs: readonly WireTensor[];
  /** Instead of inputs: the bytes of the model's only input. */
  readonly raw: Buffer | null;
  /** All where it is undefined. */
  readonly outputs: Request['outputs'];
  /** Whether outputs without a setting of their own are sent in binary. */
  readonly binary: boolean;
}

/**
 * @param length of the JSON, from the header; undefined where the body is JSON alone
 * @throws UnrollError invalid_request, malformed_json, body_too_complex
 */
export async function readInference(body: unknown, length: string | undefined): Promise<InferenceCall> {
  if (Buffer.isBuffer(body) && length === '0') return { ...rawCall, raw: body };
  const { json, rest } = Buffer.isBuffer(body)
    ? await split(body, length)
    : { json: body, rest: Buffer.alloc(0) };
  const { success, data, error } = parseWithoutNulls(inferenceRequest, json);
  if (!success) {
    const { path, message } = error.issues[0]!;
    return invalidField(path.join('.') || 'body', message);
  }
  const slice = createTimeSlice();
  let at = 0;
  const inputs: WireTensor[] = [];
  for (const [i, input] of data.inputs.entries()) {
    const field = `inputs[${i}]`;
    const { name, shape, datatype } = input;
    const size = input.parameters['binary_data_size'] ?? undefined;
    if (size === undefined) {
      if (input.data === undefined || input.data === null) invalidField(`${field}.data`, 'is missing');
      inputs.push({ name, shape, datatype, values: await parseJsonValues(input.data, input, field, slice) });
    } else {
      const given = typeof size === 'object' ? 'an object' : JSON.stringify(size).slice(0, 64);
      if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || at + size > rest.length)
        return invalidField(
          `${field}.parameters.binary_data_size`,
          `must be a whole number, at most the ${rest.length - at} bytes left in the body, was ${given}`,
        );
      const bytes = rest.subarray(at, (at += size));
      inputs.push({ name, shape, datatype, values: await parseBinaryValues(bytes, input, field, slice) });
    }
    if (slice.due()) await slice.next();
  }
  if (at !== rest.length) invalidField('body', `${rest.length - at} bytes follow the last input`);
  return {
    id: data.id,
    parameters: data.parameters,
    inputs,
    raw: null,
    // Triton's clients send an empty list for all of them
    outputs: data.outputs?.length === 0 ? undefined : data.outputs,
    binary: data.parameters['binary_data_output'] === true,
  };
}

/** What a body without a header does not say; its outputs are bytes, too. */
const rawCall = { id: undefined, parameters: {}, inputs: [], outputs: undefined, binary: true };

const elementsPerCheck = 16_384;

/** @throws UnrollError not_finite, cancelled */
async function toJsonData(
  { name, datatype, values }: WireTensor,
  slice: TimeSlice,
): Promise<readonly unknown[]> {
  if (datatype.startsWith('FP'))
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i]))
        throw new UnrollError(
          'not_finite',
          `outputs.${name}[${i}]: is ${values[i]}, which JSON does not have: ask for it in binary (parameters.binary_data)`,
        );
      if (i % elementsPerCheck === 0 && slice.due()) await slice.next();
    }
  if (values instanceof Float32Array) return toShortestNumbers(values, slice);
  if (datatype === 'BOOL') return Array.from<unknown, boolean>(values, Boolean);
  return values instanceof Float64Array ? [...values] : values;
}

async function split(body: Buffer, length: string | undefined): Promise<{ json: unknown; rest: Buffer }> {
  const size = length === undefined ? body.length : Number(length);
  if (!Number.isSafeInteger(size) || size < 0 || size > body.length)
    return invalidField(
      headerLength,
      `must be the bytes of the JSON, at most ${body.length}, was ${String(length).slice(0, 32)}`,
    );
  return { json: await parseJson(body.subarray(0, size)), rest: body.subarray(size) };
}

/** JSON alone, or the chunks of the JSON and of the bytes after it. */
export type InferenceReply =
  { readonly json: object } | { readonly chunks: readonly Uint8Array[]; readonly jsonLength: number };

/**
 * Writes the requested outputs, all by default.
 * @throws UnrollError invalid_request for an output that the model does not have, cancelled
 */
export async function writeInference(
  model: { readonly name: string; readonly version: number; readonly labels?: readonly string[] | undefined },
  call: InferenceCall,
  outputs: readonly WireTensor[],
  signal?: AbortSignal,
): Promise<InferenceReply> {
  const chosen = call.outputs
    ? call.outputs.map(({ name, parameters: own }, i) => ({
        tensor:
          outputs.find((one) => one.name === name) ??
          invalidField(
            `outputs[${i}].name`,
            `must be one of ${outputs.map((one) => one.name).join(', ')}, was ${JSON.stringify(name)}`,
          ),
        binary: typeof own['binary_data'] === 'boolean' ? own['binary_data'] : call.binary,
        classification: own['classification'] ?? 0,
      }))
    : outputs.map((one) => ({ tensor: one, binary: call.binary, classification: 0 }));
  const slice = createTimeSlice(signal);
  const shown: object[] = [];
  for (const one of chosen) {
    if (one.classification !== 0)
      one.tensor = await toClassification(one.tensor, model.labels ?? [], one.classification, slice);
    const { tensor, binary } = one;
    const { name, datatype, shape } = tensor;
    shown.push(
      binary
        ? { name, datatype, shape, parameters: { binary_data_size: binaryByteLength(tensor) } }
        : {
            name,
            datatype,
            shape,
            data: await toJsonData(tensor, slice),
          },
    );
  }
  const json = {
    model_name: model.name,
    model_version: String(model.version),
    ...(call.id !== undefined && { id: call.id }),
    outputs: shown,
  };
  const inBinary = chosen.filter(({ binary }) => binary);
  if (inBinary.length === 0) return { json };
  // the length of the JSON is sent before it, so all of it is written before the first byte is sent
  const chunks: Uint8Array[] = [];
  for (const chunk of jsonChunks(json)) {
    chunks.push(Buffer.from(chunk));
    if (slice.due()) await slice.next();
  }
  const jsonLength = chunks.reduce((sum, { length }) => sum + length, 0);
  for (const { tensor } of inBinary)
    for (const chunk of binaryChunks(tensor)) {
      chunks.push(chunk);
      if (slice.due()) await slice.next();
    }
  return { chunks, jsonLength };
}
