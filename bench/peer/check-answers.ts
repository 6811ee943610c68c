import { InferenceSession } from 'onnxruntime-node';
import type { Case } from './cases.ts';
import type { Post } from './client.ts';
import { runInOnnxruntime } from './expected-rows.ts';
import { createRequests, tokensPerStream } from './requests.ts';

const checked = 20;
const acceptedDifference = 1e-4;

interface Answer {
  readonly labels: readonly number[];
  readonly scores: readonly number[];
}

/**
 * Sends the same requests to both servers, and runs them in onnxruntime here: a comparison of speed means nothing when the
 * answers differ.
 * @throws Error for a label that is not the best, or a score that differs by more than 1e-4
 */
export async function checkAnswers(one: Case, ours: Post, peer: Post): Promise<void> {
  const path = { ours: `/v1/models/${one.name}/${one.task}`, peer: `/${one.name}/${one.task}` };
  const requests = createRequests(one, checked);
  if (one.task === 'generate') {
    for (const request of requests) {
      const expected = peerTokens((await peer(path.peer, request.peer)).body);
      const given = ourTokens((await ours(path.ours, request.ours)).body);
      if (given.length !== tokensPerStream || given.some((id, i) => id !== expected[i]))
        throw new Error(`${one.name}: ${given.join(' ')} instead of ${expected.join(' ')}`);
    }
    return;
  }
  const session = await InferenceSession.create(one.onnx);
  for (const request of requests) {
    const rows = await runInOnnxruntime(session, request.tokens);
    const read = one.task === 'classify' ? readClassified : readTagged;
    check(one.name, rows, read(JSON.parse((await ours(path.ours, request.ours)).body)));
    check(one.name, rows, readPeer(JSON.parse((await peer(path.peer, request.peer)).body)));
  }
}

/** A label whose score equals the best one's is as good: two may be equal but for rounding. */
function check(name: string, rows: readonly Float32Array[], { labels, scores }: Answer): void {
  if (labels.length !== rows.length) throw new Error(`${name}: ${labels.length} labels of ${rows.length}`);
  for (const [t, row] of rows.entries()) {
    const difference = Math.max(
      Math.abs(scores[t]! - row[labels[t]!]!),
      Math.abs(scores[t]! - row.reduce((high, score) => Math.max(high, score), -Infinity)),
    );
    if (!(difference <= acceptedDifference)) throw new Error(`${name}: step ${t} differs by ${difference}`);
  }
}

interface OurLabel {
  readonly label: string;
  readonly score: number;
}
const toAnswer = (labelled: readonly OurLabel[]): Answer => ({
  labels: labelled.map(({ label }) => Number(label.slice(1))),
  scores: labelled.map(({ score }) => score),
});
const readClassified = (reply: unknown): Answer =>
  toAnswer((reply as { predictions: OurLabel[] }).predictions);
const readTagged = (reply: unknown): Answer =>
  toAnswer((reply as { predictions: { tokens: OurLabel[] }[] }).predictions[0]!.tokens);

function readPeer(reply: unknown): Answer {
  const given = reply as { label: number; score: number } | { tags: number[]; scores: number[] };
  return 'tags' in given
    ? { labels: given.tags, scores: given.scores }
    : { labels: [given.label], scores: [given.score] };
}

const dataOf = (body: string): string[] => [...body.matchAll(/^data: (.*)$/gm)].map(([, data]) => data!);
const peerTokens = (body: string): number[] => dataOf(body).map(Number);
const ourTokens = (body: string): number[] =>
  dataOf(body)
    .map((data) => JSON.parse(data) as { id?: number })
    .flatMap(({ id }) => (id === undefined ? [] : [id]));
