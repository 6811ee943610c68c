import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvents, RunHandle, StartRun } from '../../src/jobs/run-handle.ts';
import type { FromRun, RunRequest } from '../../src/training/run/run-messages.ts';

/** A training thread that does what the test says. */
export interface FakeRun {
  readonly request: RunRequest;
  readonly asked: string[];
  killed: boolean;
  say(message: FromRun): void;
  /** Writes a checkpoint that can be published, and reports it. */
  checkpoint(step: number, best?: boolean): void;
  end(how?: 'succeeded' | 'paused' | 'cancelled', best?: number): void;
  die(reason: string): void;
}

export function fakeRuns(): { readonly startRun: StartRun; readonly runs: FakeRun[] } {
  const runs: FakeRun[] = [];
  const startRun: StartRun = (request: RunRequest, { heard, exited }: RunEvents): RunHandle => {
    const run: FakeRun = {
      request,
      asked: [],
      killed: false,
      say: heard,
      checkpoint(step, best = true) {
        const home = join(request.folder, 'checkpoints', String(step));
        mkdirSync(home, { recursive: true });
        writeFileSync(
          join(home, 'model.json'),
          JSON.stringify({ schema: 1, name: request.spec.model, step }),
        );
        writeFileSync(join(home, 'weights.safetensors'), `weights of step ${step}`);
        heard({ kind: 'checkpoint', step, epoch: 0, metrics: { validation_loss: 1 }, best });
      },
      end(how = 'succeeded', best = 1) {
        heard({ kind: 'ended', how, step: best, best });
        exited(null);
      },
      die: (reason) => exited(reason),
    };
    runs.push(run);
    return {
      ask: (kind) => void run.asked.push(kind),
      kill() {
        run.killed = true;
        queueMicrotask(() => exited('killed'));
      },
    };
  };
  return { startRun, runs };
}
