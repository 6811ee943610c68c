import type { RunMessage } from './run-messages.ts';

const everyMs = 250;

/** Tells how a run gets on, a few times a second; the speed is that of the last seconds. */
export function createProgressReporter(steps: number, say: (message: RunMessage) => void) {
  let said = -Infinity;
  let average = 0;
  /** Steps and times of the last few reports. */
  let past: { step: number; at: number }[] = [];

  return {
    stepped({ epoch, step, loss }: { epoch: number; step: number; loss: number }): void {
      average = past.length === 0 ? loss : average + 0.05 * (loss - average);
      const at = performance.now();
      if (past.length === 0) past = [{ step: step - 1, at: at - 1 }];
      if (at - said < everyMs) return;
      said = at;
      past = [...past.slice(-40), { step, at }];
      const [oldest] = past;
      const stepsPerSecond = ((step - oldest!.step) / Math.max(1, at - oldest!.at)) * 1000;
      const secondsLeft = stepsPerSecond > 0 ? (steps - step) / stepsPerSecond : null;
      say({ kind: 'progress', epoch, step, steps, loss: average, stepsPerSecond, secondsLeft });
    },
  };
}
