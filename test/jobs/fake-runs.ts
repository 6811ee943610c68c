import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvents, RunHandle, StartRun } from '../../src/jobs/run-handle.ts';
import type { RunMessage, RunRequest } from '../../src/training/run/run-messages.ts';

/** A training thread controlled by the test. */
export interface FakeRun {
  readonly request: RunRequest;
  readonly commands: string[];
  killed: boolean;
  send(message: RunMessage): void;
  /** Writes a checkpoint that can be published, and reports it. */
  checkpoint(step: number, best?: boolean): void;
  end(outcome?: 'succeeded' | 'paused' | 'cancelled', best?: number): void;
  exit(reason: string): void;
}

export function createFakeRuns(): { readonly startRun: StartRun; readonly runs: FakeRun[] } {
  const runs: FakeRun[] = [];
  const startRun: StartRun = (request: RunRequest, { onMessage, onExit }: RunEvents): RunHandle => {
    const run: FakeRun = {
      request,
      commands: [],
      killed: false,
      send: onMessage,
      checkpoint(step, best = true) {
        const home = join(request.folder, 'checkpoints', String(step));
        mkdirSync(home, { recursive: true });
        writeFileSync(
          join(home, 'model.json'),
          JSON.stringify({ schema: 1, name: request.spec.model, step }),
        );
        writeFileSync(join(home, 'weights.safetensors'), `weights of step ${step}`);
        onMessage({ kind: 'checkpoint', step, epoch: 0, metrics: { validation_loss: 1 }, best });
      },
      end(outcome = 'succeeded', best = 1) {
        onMessage({ kind: 'ended', outcome, step: best, best });
        onExit(null);
      },
      exit: (reason) => onExit(reason),
    };
    runs.push(run);
    return {
      send: (kind) => void run.commands.push(kind),
      kill() {
        run.killed = true;
        queueMicrotask(() => onExit('killed'));
      },
    };
  };
  return { startRun, runs };
}
