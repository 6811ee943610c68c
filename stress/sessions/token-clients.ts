import { drawRows } from './draw.ts';
import type { Run } from './drive.ts';
import { modelName } from './oracle.ts';
import type { Owner } from './send.ts';
import { append, createSequence, type Sequence } from './sequence.ts';
import { parseReplyJson, postJson } from '../server/request.ts';

/** A state that its caller keeps. */
interface Kept {
  readonly sequence: Sequence;
  readonly state: string | undefined;
}

const keptStates = 4;
const lengthLimit = 60;

/** Goes on from states that servers have returned, each of them more than once. */
export async function useStateTokens(run: Run, owner: Owner, tag: number): Promise<void> {
  const { cluster, random, oracle, report } = run;
  const first: Kept = { sequence: createSequence(), state: undefined };
  const kept: Kept[] = [first];
  while (!run.isOver()) {
    const from = random.pick(kept);
    const input = drawRows(random, tag);
    const { server } = await cluster.pick(random);
    const body = { input, return_state: true, ...(from.state !== undefined && { state: from.state }) };
    const reply = await postJson(server.port, `/v1/models/${modelName}/predict`, body, {
      headers: owner.headers,
    });
    // nothing was kept that could be lost
    if (reply.error !== null || reply.status === 503) continue;
    const { predictions, state } = parseReplyJson(reply) as {
      predictions?: [{ output: unknown }];
      state?: string;
    };
    const sequence = append(from.sequence, input);
    if (!predictions || !(await oracle.matches(sequence, predictions[0].output)))
      report.fault(
        'an impossible answer',
        `to a state token at ${from.sequence.length}: ${reply.body.slice(0, 500)}`,
      );
    report.count('state tokens');
    kept.push(sequence.length > lengthLimit ? first : { sequence, state });
    if (kept.length > keptStates) kept.shift();
  }
}
