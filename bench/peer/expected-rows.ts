import { type InferenceSession, Tensor } from 'onnxruntime-node';

/** Scores of each step, or of the sequence, of a model that classifies or tags. @returns rows [steps or 1][labels] */
export async function runInOnnxruntime(
  session: InferenceSession,
  tokens: readonly number[],
): Promise<Float32Array[]> {
  const ids = BigInt64Array.from(tokens, BigInt);
  const outputs = await session.run({ tokens: new Tensor('int64', ids, [1, ids.length]) });
  const { data, dims } = outputs[session.outputNames[0]!]!;
  const width = dims.at(-1)!;
  return Array.from({ length: data.length / width }, (_, t) =>
    (data as Float32Array).subarray(t * width, (t + 1) * width),
  );
}
