import type { Batch } from '../batch.ts';
import { measureGradientFlow } from '../diagnostics/gradient-flow.ts';
import { spectralRadii } from '../diagnostics/spectral-radii.ts';
import type { Learner } from '../learner-interface.ts';
import type { RunMessage } from './run-messages.ts';

/**
 * Measures the gradient flow on a batch, which overwrites the parameters' gradients.
 * @param clipped steps so far whose gradient was clipped
 */
export function createGradientFlowEvent(
  learner: Learner,
  batch: Batch,
  { step, clipped }: { step: number; clipped: number },
): RunMessage {
  const { flow, reach, parameters, gates } = measureGradientFlow(learner, batch);
  const farthest = Math.max(0, ...Object.values(reach));
  return {
    kind: 'event',
    type: 'gradient_flow',
    level: 'info',
    message: `step ${step}: gradients reach ${farthest} steps back`,
    step,
    data: {
      reach: farthest,
      reach_by_node: reach,
      flow,
      gradient_norms: parameters,
      gates,
      clipped_share: step === 0 ? 0 : clipped / step,
      spectral_radius: spectralRadii(learner.save()),
    },
  };
}
