import { type InferenceSession, Tensor } from 'onnxruntime-node';

// Generation: all live streams advance by one step together. While the same streams run, the states that a step returns are
// given to the next one as they are; they are copied only when a stream begins or ends.

interface Stream {
  token: number;
  left: number;
  readonly send: (text: string) => void;
  readonly end: () => void;
  readonly closed: () => boolean;
}

/** @param choose the next token of a row of logits [B, vocabulary] */
export function createStepStreams(
  session: InferenceSession,
  choose: (logits: Tensor, row: number) => number,
): { add(stream: Stream): void } {
  const units = unitsOf(session);
  let rows: Stream[] = [];
  /** [1, rows, units] */
  let states = { h: stateOf([], units), c: stateOf([], units) };
  const joining: Stream[] = [];
  let running = false;

  /** Copies the states of the rows that go on, and begins new ones with zeros. */
  function arrange(kept: readonly number[], added: readonly Stream[]): void {
    const copy = ({ data }: Tensor): Tensor => {
      const values = data as Float32Array;
      const next = kept.map((row) => values.subarray(row * units, (row + 1) * units));
      return stateOf([...next, ...added.map(() => new Float32Array(units))], units);
    };
    states = { h: copy(states.h), c: copy(states.c) };
    rows = [...kept.map((row) => rows[row]!), ...added];
  }

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    for (;;) {
      const kept = rows.flatMap(({ left, closed }, row) => (left > 0 && !closed() ? [row] : []));
      if (kept.length < rows.length || joining.length > 0) arrange(kept, joining.splice(0));
      if (rows.length === 0) break;
      const token = BigInt64Array.from(rows, ({ token: id }) => BigInt(id));
      const outputs = await session.run({ token: new Tensor('int64', token, [rows.length, 1]), ...states });
      states = { h: outputs['h_out'] as Tensor, c: outputs['c_out'] as Tensor };
      const logits = outputs['logits'] as Tensor;
      for (const [row, stream] of rows.entries()) {
        stream.token = choose(logits, row);
        stream.send(String(stream.token));
        if (--stream.left === 0) stream.end();
      }
      await new Promise(setImmediate);
    }
    running = false;
  }

  return {
    add(stream) {
      joining.push(stream);
      void run();
    },
  };
}

function unitsOf(session: InferenceSession): number {
  const state = session.inputMetadata.find(({ name }) => name === 'h');
  if (!state?.isTensor) throw new Error('the model has no state h');
  return Number(state.shape[2]);
}

function stateOf(rows: readonly Float32Array[], units: number): Tensor {
  const values = new Float32Array(rows.length * units);
  for (const [row, state] of rows.entries()) values.set(state, row * units);
  return new Tensor('float32', values, [1, rows.length, units]);
}
