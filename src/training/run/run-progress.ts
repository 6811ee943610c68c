import type { RunMessage } from './run-messages.ts';

const reportIntervalMs = 250;

/** Sends a run's progress a few times a second, with the speed of the last seconds. */
export function createProgressReporter(steps: number, send: (message: RunMessage) => void) {
  let reportedAt = -Infinity;
  let averageLoss = 0;
  /** Steps and times of recent reports. */
  let recent: { step: number; at: number }[] = [];

  return {
    stepped({ epoch, step, loss }: { epoch: number; step: number; loss: number }): void {
      averageLoss = recent.length === 0 ? loss : averageLoss + 0.05 * (loss - averageLoss);
      const at = performance.now();
      if (at - reportedAt < reportIntervalMs) return;
      reportedAt = at;
      recent = [...recent.slice(-40), { step, at }];
      const [oldest] = recent;
      // none is known of the first report, 0
      const stepsPerSecond = ((step - oldest!.step) / Math.max(1, at - oldest!.at)) * 1000;
      const secondsLeft = stepsPerSecond > 0 ? (steps - step) / stepsPerSecond : null;
      send({ kind: 'progress', epoch, step, steps, loss: averageLoss, stepsPerSecond, secondsLeft });
    },
  };
}
