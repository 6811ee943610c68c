import type { RunMessage } from '../training/run/run-messages.ts';

// Shows training progress as one line: redrawn in place on a terminal, printed at intervals elsewhere.

export type Progress = Omit<Extract<RunMessage, { kind: 'progress' }>, 'kind'>;

const barWidth = 24;
const plainIntervalMs = 10_000;

export function formatProgress({ epoch, step, steps, loss, stepsPerSecond, secondsLeft }: Progress): string {
  const share = steps > 0 ? Math.min(1, step / steps) : 0;
  const filled = Math.round(share * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const speed = stepsPerSecond === 0 ? '' : `  ${stepsPerSecond.toFixed(1)} steps/s`;
  const left = secondsLeft === null ? '' : `  ${formatDuration(secondsLeft)} left`;
  return `epoch ${epoch + 1}  ${bar} ${(share * 100).toFixed(0).padStart(3)} %  step ${step}/${steps}  loss ${loss.toFixed(4)}${speed}${left}`;
}

/** 75 → 1:15, 3700 → 1:01:40 */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 60) % 60, whole % 60];
  const hours = Math.floor(whole / 3600);
  if (hours > 0) parts.unshift(hours);
  return parts.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

/** Writes the progress line and permanent lines without mixing them. */
export function createDisplay(
  out: { write(text: string): void; readonly isTTY?: boolean; readonly columns?: number },
  now: () => number = () => performance.now(),
) {
  let drawn = false;
  let printedAt = -Infinity;
  const clear = (): void => {
    if (drawn) out.write('\r\u{1b}[K');
    drawn = false;
  };
  return {
    progress(progress: Progress): void {
      const line = formatProgress(progress);
      if (out.isTTY === true) {
        out.write(`\r\u{1b}[K${line.slice(0, (out.columns ?? 120) - 1)}`);
        drawn = true;
      } else if (now() - printedAt >= plainIntervalMs) {
        printedAt = now();
        out.write(`${line}\n`);
      }
    },
    line(text: string): void {
      clear();
      out.write(`${text}\n`);
    },
    end: (): void => clear(),
  };
}
