import { WebSocket } from 'ws';

/** A session's WebSocket, which is sent steps at their times whether the ones before were answered or not. */
export interface SteppingSocket {
  /** Sends a step that was due at a time. */
  send(dueMs: number): void;
  /** Steps without an answer. */
  readonly open: number;
  close(): void;
}

const step = Buffer.from(Float32Array.of(0.5).buffer);

/** @param onAnswer milliseconds from the time when the step was due to its answer */
export async function openSteppingSocket(
  url: string,
  onAnswer: (ms: number) => void,
  onFailure: (error: Error) => void,
): Promise<SteppingSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}?answers=float32`, { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const due: number[] = [];
  let closing = false;
  socket.on('message', (data, isBinary) => {
    if (!isBinary) return onFailure(new Error(String(data as Buffer)));
    onAnswer(performance.now() - due.shift()!);
  });
  socket.on('close', (code, reason) => {
    if (!closing) onFailure(new Error(`the server closed a stream: ${code} ${reason.toString()}`));
  });
  return {
    send(dueMs) {
      due.push(dueMs);
      socket.send(step);
    },
    get open() {
      return due.length;
    },
    close() {
      closing = true;
      socket.terminate();
    },
  };
}
