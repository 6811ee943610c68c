import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { parseReplyJson, postJson } from '../server/request.ts';
import { listRows, withoutLast, type Sequence } from './sequence.ts';

/** What the model answers to whole sequences, on a server that nothing disturbs and that has no session. */
export interface Oracle {
  /** Whether these are the outputs of the last rows of a sequence, bit for bit. */
  matches(sequence: Sequence, outputs: unknown): Promise<boolean>;
}

export const modelName = 'numbers';

export function createOracle(port: number, headers: Readonly<Record<string, string>>): Oracle {
  async function compute(sequence: Sequence): Promise<void> {
    const rows = listRows(sequence);
    const body = { input: rows.map(({ row }) => row) };
    for (;;) {
      const reply = await postJson(port, `/v1/models/${modelName}/predict`, body, { headers });
      const { predictions } = parseReplyJson(reply) as { predictions?: [{ output: number[][] }] };
      if (predictions) return rows.forEach((row, t) => void (row.output = predictions[0].output[t]!));
      // the machine is loaded
      if (reply.status !== 503) throw new Error(`the oracle: ${reply.error ?? reply.status} ${reply.body}`);
      await delay(100);
    }
  }
  return {
    async matches(sequence, outputs) {
      if (!Array.isArray(outputs) || outputs.length > sequence.length) return false;
      if (sequence.length > 0 && sequence.output === null) await compute(sequence);
      return outputs.every((output, i) =>
        isDeepStrictEqual(output, withoutLast(sequence, outputs.length - 1 - i).output),
      );
    },
  };
}
