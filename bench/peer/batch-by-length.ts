import { type InferenceSession, Tensor } from 'onnxruntime-node';

interface Waiting {
  readonly ids: readonly number[];
  readonly sinceMs: number;
  readonly resolve: (values: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

const maxBatch = 32;

/**
 * Batches requests that wait together. The graphs have no mask, so padding would change the answers: sequences of one length
 * make a batch, the one that has waited longest first.
 * @returns a function from tokens [T] to that sequence's part of the output
 */
export function batchByLength(session: InferenceSession, output: string) {
  const waiting = new Map<number, Waiting[]>();
  let running = false;

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    while (waiting.size > 0) {
      let oldest: Waiting[] | undefined;
      for (const list of waiting.values())
        if (!oldest || list[0]!.sinceMs < oldest[0]!.sinceMs) oldest = list;
      const length = oldest![0]!.ids.length;
      const batch = oldest!.splice(0, maxBatch);
      if (oldest!.length === 0) waiting.delete(length);
      await runBatch(batch, length);
    }
    running = false;
  }

  async function runBatch(batch: readonly Waiting[], length: number): Promise<void> {
    const ids = new BigInt64Array(batch.length * length);
    for (const [row, { ids: tokens }] of batch.entries())
      for (let t = 0; t < length; t++) ids[row * length + t] = BigInt(tokens[t]!);
    try {
      const outputs = await session.run({ tokens: new Tensor('int64', ids, [batch.length, length]) });
      const values = outputs[output]!.data as Float32Array;
      const each = values.length / batch.length;
      for (const [row, { resolve }] of batch.entries())
        resolve(values.subarray(row * each, (row + 1) * each));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return (ids: readonly number[]): Promise<Float32Array> =>
    new Promise((resolve, reject) => {
      const list = waiting.get(ids.length) ?? [];
      list.push({ ids, sinceMs: performance.now(), resolve, reject });
      waiting.set(ids.length, list);
      setImmediate(() => void run());
    });
}
