import type { Runner, OutputKind } from '../../../src/network/runner.ts';

// An Elman network in float64 behind the runner's interface: h ← tanh(W x + U h), output = logits = h, hidden
// = −h. Ids of 0 … 9, or two features a step. It checks its arguments like the real one.

const fakeUnits = 3;
const weight = (unit: number, input: number): number => Math.sin(1 + 3 * unit + input);

function fakeStep(h: readonly number[], x: readonly number[]): number[] {
  return Array.from({ length: fakeUnits }, (_, unit) => {
    let sum = 0;
    x.forEach((value, k) => (sum += weight(unit, k) * value));
    h.forEach((value, k) => (sum += weight(unit, k + 5) * value));
    return Math.fround(Math.tanh(sum));
  });
}

export interface FakeRunner extends Runner {
  /** Rows and steps of every tick. */
  readonly ticks: number[][];
}

export function createFakeRunner({
  maxRows = 4,
  maxPacked = 64,
  causal = true,
  inputWidth = 0,
} = {}): FakeRunner {
  const states: number[][] = [];
  const zero = (): number[] => Array.from({ length: fakeUnits }, () => 0);
  const ids = new Int32Array(maxPacked);
  const features = new Float32Array(maxPacked * Math.max(1, inputWidth));
  const ticks: number[][] = [];
  let planned: { steps: number[]; offsets: Int32Array } = { steps: [], offsets: Int32Array.of(0) };

  return {
    ticks,
    causal,
    outputWidth: fakeUnits,
    hiddenWidth: fakeUnits,
    stateLength: fakeUnits,
    stateParts: [],
    inputWidth,
    idColumns: 1,
    attention: () => new Float32Array(0),
    failure: () => null,
    maxRows,
    maxPacked,
    get rows() {
      return states.length;
    },
    join(state) {
      if (states.length === maxRows) throw new RangeError('all rows are occupied');
      return states.push(state ? [...state] : zero()) - 1;
    },
    leave(row) {
      if (row >= states.length) throw new RangeError(`no row ${row}`);
      const last = states.pop()!;
      if (row < states.length) states[row] = last;
    },
    swap(a, b) {
      [states[a], states[b]] = [states[b]!, states[a]!];
    },
    saveState: (row) => Float32Array.from(states[row]!),
    loadState(row, state) {
      states[row] = [...state];
    },
    plan(stepsPerRow) {
      const steps = Array.from(stepsPerRow);
      if (steps.some((count, row) => count < 1 || count > (steps[row - 1] ?? count)))
        throw new RangeError(`steps ${steps.join()} increase`);
      const packed = steps.reduce((sum, count) => sum + count, 0);
      if (steps.length > states.length || packed > maxPacked)
        throw new RangeError(`steps ${steps.join()} do not fit`);
      const offsets = new Int32Array((steps[0] ?? 0) + 1);
      for (let t = 0; t < steps[0]!; t++)
        offsets[t + 1] = offsets[t]! + steps.filter((count) => count > t).length;
      planned = { steps, offsets };
      ids.fill(-1);
      features.fill(NaN);
      return offsets;
    },
    ids,
    features,
    run(requested, kind: OutputKind) {
      const { steps, offsets } = planned;
      ticks.push(steps);
      const rows = new Map<number, number[]>();
      for (let t = 0; t < (steps[0] ?? 0); t++)
        for (let row = 0; row < offsets[t + 1]! - offsets[t]!; row++) {
          const at = offsets[t]! + row;
          const x =
            inputWidth > 0 ? [...features.subarray(at * inputWidth, (at + 1) * inputWidth)] : [ids[at]!];
          if (x.some((value) => Number.isNaN(value)) || (inputWidth === 0 && ids[at]! < 0))
            throw new RangeError(`packed step ${at} was not filled`);
          states[row] = fakeStep(causal || t > 0 ? states[row]! : zero(), x);
          rows.set(at, states[row]!);
        }
      const sign = kind === 'hidden' ? -1 : 1;
      return Float32Array.from(
        Array.from(requested).flatMap((at) => rows.get(at)!),
        (value) => sign * value,
      );
    },
  };
}

/** The outputs of every step of a sequence that runs alone. */
export function fakeOutputs(ids: Int32Array): number[][] {
  const outputs: number[][] = [];
  for (const id of ids) outputs.push(fakeStep(outputs.at(-1) ?? [0, 0, 0], [id]));
  return outputs;
}
