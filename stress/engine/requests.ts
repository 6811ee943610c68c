import type { GenerationOptions } from '../../src/decoding/generation.ts';
import type { DecodeOptions } from '../../src/decoding/search.ts';
import type { SequenceRequest } from '../../src/engine/engine-interface.ts';
import { randomSequence } from '../../test/network/random-network.ts';
import type { Random } from '../random.ts';
import type { StressNetwork } from './networks.ts';

/** A request without the network's handle and the deadline, which differ each time it is sent. */
export interface StressRequest {
  readonly id: number;
  readonly network: StressNetwork;
  readonly request: Omit<SequenceRequest, 'network' | 'deadlineMs' | 'signal'>;
}

const requestsPerNetwork = 10;

export function createRequests(networks: readonly StressNetwork[], random: Random): StressRequest[] {
  return networks
    .flatMap((network) => Array.from({ length: requestsPerNetwork }, () => network))
    .map((network, id) => ({ id, network, request: createRequest(network, random) }));
}

/** Whether a request can run with this number of slots: a beam needs one a path. */
export const fitsSlots = ({ request }: StressRequest, slots: number): boolean =>
  request.decode?.mode !== 'beam' || request.decode.beamSize <= slots;

export const describeRequest = ({ id, network, request }: StressRequest): string =>
  `request ${id} to "${network.name}": ${JSON.stringify({ ...request, input: `${request.input.length} numbers` })}`;

function createRequest(network: StressNetwork, random: Random): StressRequest['request'] {
  const input = randomSequence(network.input, drawLength(network, random), random.int(0, 1e6));
  if (input instanceof Float32Array && random.chance(0.1)) {
    const factor = random.pick([1e4, 1e20, 3e38, 1e-30]);
    for (let i = 0; i < input.length; i++) input[i]! *= factor;
  }
  switch (network.kind) {
    case 'outputs':
      return {
        input,
        steps: random.pick(['last', 'every']),
        output: random.pick(['output', 'output', 'hidden']),
      };
    case 'generate':
      return {
        input,
        steps: 'last',
        output: 'output',
        generation: drawGenerationOptions([...input], random),
      };
    case 'decode':
      return { input, steps: 'last', output: 'output', decode: drawDecodeOptions(random) };
  }
}

/** A random length: mostly short, sometimes up to the maximum. */
function drawLength({ shortest, longest }: StressNetwork, random: Random): number {
  const maxLength = random.pick([20, 20, 20, 200, 200, longest]);
  return random.int(shortest, Math.max(shortest, Math.min(maxLength, longest)));
}

const drawGenerationOptions = (prompt: number[], random: Random): GenerationOptions => ({
  maxTokens: random.int(1, 300),
  temperature: random.pick([0, 0.7, 1, 1.5]),
  topK: random.pick([0, 0, 5]),
  topP: random.pick([1, 1, 0.9]),
  minP: random.pick([0, 0, 0.05]),
  repetitionPenalty: random.pick([1, 1, 1.2]),
  frequencyPenalty: random.pick([0, 0, 0.3]),
  seed: random.int(0, 1e9),
  stop: random.pick([[], [], ['abc', 'qq'], ['aa']]),
  choice: random.int(0, 3),
  prompt,
  separator: '',
  textOnly: random.pick([true, false]),
  logprobs: random.pick([0, 0, 3]),
});

const drawDecodeOptions = (random: Random): DecodeOptions => ({
  mode: random.pick(['beam', 'greedy', 'sample']),
  temperature: random.pick([1, 0.7]),
  topK: random.pick([0, 3]),
  topP: random.pick([1, 0.9]),
  minP: 0,
  seed: random.int(0, 1e9),
  choice: random.int(0, 2),
  beamSize: random.int(1, 4),
  hypotheses: 1,
  patience: 1,
  lengthPenalty: random.pick([0, 0.6]),
  coveragePenalty: random.pick([0, 0.2]),
  maxLength: random.int(1, 40),
  minLength: random.int(0, 1),
  noRepeatNgram: random.pick([0, 3]),
  prefix: [],
  suppress: [],
  returnAttention: random.chance(0.5),
});
