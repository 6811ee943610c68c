import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { RunSequence, RunStep, SequenceShape, StepShape } from './contender.ts';

// onnxruntime's side: its CPU provider, one thread, every graph optimisation.
const options: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
};

export async function sequenceInOnnxruntime(model: Uint8Array, shape: SequenceShape): Promise<RunSequence> {
  const session = await InferenceSession.create(model, options);
  return async (x) => {
    const feeds = { X: new Tensor('float32', x, [shape.steps, shape.batch, shape.units]) };
    return floats((await session.run(feeds))['Y']);
  };
}

export async function stepInOnnxruntime(model: Uint8Array, shape: StepShape): Promise<RunStep> {
  const session = await InferenceSession.create(model, options);
  const zero = () =>
    new Tensor('float32', new Float32Array(shape.batch * shape.units), [1, shape.batch, shape.units]);
  let h: Tensor = zero();
  let c: Tensor = zero();
  return async (ids) => {
    const token = new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, shape.batch]);
    const outputs = await session.run({ ids: token, h0: h, c0: c });
    h = outputs['h1'] as Tensor;
    c = outputs['c1'] as Tensor;
    return floats(outputs['logits']);
  };
}

function floats(tensor?: Tensor): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('onnxruntime did not return float32 values');
  return tensor.data;
}
