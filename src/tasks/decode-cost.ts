import type { DecodeOptions } from '../decoding/search.ts';
import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import {
  checkReplyBytes,
  checkRequestSteps,
  longestTokenBytes,
  longNumberBytes,
  textBytes,
} from './budgets.ts';
import type { TaskLimits } from './context.ts';
import type { PreparedSequence } from './read-input.ts';
import type { DecodeBody } from './decode-body.ts';

/**
 * Attention weights that the searches of a request may store: a row for each token of each path of the beam.
 * 128 MB.
 */
const maxAttention = 2 ** 25;

/**
 * Checks the steps, the attention weights and the reply bytes of a request.
 * @param options of each source's outputs
 * @throws UnrollError work_too_large, reply_too_large
 */
export function checkDecodeCost(
  { target }: ServedModel,
  sources: readonly PreparedSequence[],
  body: DecodeBody,
  options: readonly (readonly DecodeOptions[])[],
  limits: TaskLimits,
): void {
  const tokenBytes = 2 * longestTokenBytes(target!) + (body.logprobs ? longNumberBytes : 0);
  let steps = 0;
  let attention = 0;
  let bytes = 0;
  sources.forEach((source, i) => {
    const outputs = options[i]!.length;
    const { beamSize, maxLength, hypotheses, coveragePenalty, returnAttention } = options[i]![0]!;
    const rows = maxLength + 1;
    steps += outputs * (source.steps + beamSize * rows);
    if (coveragePenalty > 0 || returnAttention) attention += outputs * beamSize * rows * source.steps;
    bytes += outputs * hypotheses * (hypothesisBytes + rows * tokenBytes);
    if (returnAttention)
      bytes +=
        outputs * hypotheses * rows * source.steps * longNumberBytes +
        source.tokens.reduce((sum, { text }) => sum + textBytes(text), 0);
  });
  checkRequestSteps(steps, limits, 'max_length');
  if (attention > maxAttention)
    throw new UnrollError(
      'work_too_large',
      `max_length: at most ${maxAttention} attention weights in a request (tokens × beam_size × steps of the source), was ${attention}`,
      { field: 'max_length' },
    );
  checkReplyBytes(bytes, limits, body.return_attention ? 'return_attention' : 'max_length');
}

const hypothesisBytes = 120;
