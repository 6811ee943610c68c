import { uniform } from '../random-network.ts';
import type { Case } from './cases.ts';

/** One request to both servers. */
export interface PairedRequest {
  readonly tokens: readonly number[];
  /** The body as each server takes it. */
  readonly ours: string;
  readonly peer: string;
}

export const tokensPerStream = 100;

/** Lengths as of texts: log-normal with a median of 37, from 5 to 500. The same ones in every run. */
export function createRequests({ task, size: { vocabulary } }: Case, count: number): PairedRequest[] {
  const random = uniform(6);
  const unit = (): number => (random() + 1) / 2;
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
  const drawLength = (): number => Math.max(5, Math.min(500, Math.round(Math.exp(3.6 + 0.9 * normal()))));
  return Array.from({ length: count }, () => {
    const length = task === 'generate' ? 1 : drawLength();
    const tokens = Array.from({ length }, () => Math.floor(unit() * vocabulary));
    if (task !== 'generate') return { tokens, ...bodiesOf(task, tokens) };
    const ours = { prompt: String(tokens[0]), max_tokens: tokensPerStream, temperature: 0, stream: true };
    const peer = { token: tokens[0], max_tokens: tokensPerStream };
    return { tokens, ours: JSON.stringify(ours), peer: JSON.stringify(peer) };
  });
}

/** The imported models' tokens are the texts of their ids. */
export function bodiesOf(task: 'classify' | 'tag', tokens: readonly number[]): Omit<PairedRequest, 'tokens'> {
  const ours = { input: [tokens.map(String)], ...(task === 'classify' && { top_k: 1 }) };
  return { ours: JSON.stringify(ours), peer: JSON.stringify({ tokens }) };
}
