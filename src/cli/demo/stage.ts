import { setTimeout as delay } from 'node:timers/promises';
import { styleText } from 'node:util';

/** Where the demo is shown: at a pace that can be followed on a terminal, at once and without redrawing in a pipe. */
export interface Stage {
  /** A line that says what comes next. */
  title(text: string): Promise<void>;
  write(text: string): Promise<void>;
  /** Draws the line again; in a pipe only the last drawing counts, which `line` prints. */
  redraw(text: string): Promise<void>;
  /** Ends the line that was drawn or written, with its last text. */
  line(text?: string): Promise<void>;
}

const characterMs = 32;
const redrawMs = 75;
const lineMs = 700;

export function createStage(out: { write(text: string): void; readonly isTTY?: boolean }): Stage {
  const isTerminal = out.isTTY === true;
  const pause = async (ms: number): Promise<void> => {
    if (isTerminal) await delay(ms);
  };
  const clear = isTerminal ? '\r\u{1b}[K' : '';
  let drawn = false;
  return {
    async title(text) {
      out.write(`\n${styleText(['bold', 'cyan'], text)}\n`);
      await pause(lineMs);
    },
    async write(text) {
      out.write(text);
      await pause(characterMs);
    },
    async redraw(text) {
      if (isTerminal) out.write(`${clear}${text}`);
      drawn = true;
      await pause(redrawMs);
    },
    async line(text = '') {
      out.write(`${drawn ? clear : ''}${text}\n`);
      drawn = false;
      await pause(lineMs);
    },
  };
}
