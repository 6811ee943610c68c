import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '../../formats/safetensors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import type { Tensor, Weights } from '../../network/weights.ts';
import { specFile, weightsFile } from '../../model-files.ts';

// A checkpoint is a servable model folder (model.json and weights.safetensors) with the state to resume
// bit-identically: training.json and training.safetensors. It is written under a temporary name, flushed and
// renamed, so that a folder with its final name is complete.

export interface Checkpoint {
  readonly model: ModelSpec;
  readonly weights: Weights;
  /** Content of training.json. */
  readonly progress: Readonly<Record<string, unknown>>;
  /** Optimiser state and carried states, by name. */
  readonly state: ReadonlyMap<string, Float32Array>;
}

const progressFile = 'training.json';
const stateFile = 'training.safetensors';

export const checkpointFolder = (folder: string, step: number): string =>
  join(folder, 'checkpoints', String(step));

/**
 * Writes a checkpoint atomically.
 * @throws errors of the file system (ENOSPC …); then the checkpoint's folder does not exist
 */
export async function writeCheckpoint(folder: string, step: number, checkpoint: Checkpoint): Promise<void> {
  const target = checkpointFolder(folder, step);
  const draft = join(folder, 'checkpoints', `.${step}`);
  const state = new Map(
    [...checkpoint.state].map(([name, values]): [string, Tensor] => [
      name,
      { shape: [values.length], values },
    ]),
  );
  try {
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    await writeFlushed(join(draft, specFile), `${JSON.stringify(checkpoint.model, null, 2)}\n`);
    await writeFlushed(join(draft, weightsFile), writeSafetensors(checkpoint.weights));
    await writeFlushed(join(draft, progressFile), JSON.stringify(checkpoint.progress));
    await writeFlushed(join(draft, stateFile), writeSafetensors(state));
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
    await flush(join(folder, 'checkpoints'));
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

export async function readCheckpoint(folder: string, step: number): Promise<Omit<Checkpoint, 'model'>> {
  const from = checkpointFolder(folder, step);
  const [weights, progress, state] = await Promise.all([
    readFile(join(from, weightsFile)),
    readFile(join(from, progressFile), 'utf8'),
    readFile(join(from, stateFile)),
  ]);
  return {
    weights: readSafetensors(weights),
    progress: JSON.parse(progress) as Record<string, unknown>,
    state: new Map([...readSafetensors(state)].map(([name, { values }]) => [name, values])),
  };
}

/**
 * Removes the resume state, most of the bytes, of the checkpoints before `step`. They stay servable.
 * @returns the number of bytes removed
 */
export async function removeResumeFiles(folder: string, step: number): Promise<number> {
  let removed = 0;
  const names = await readdir(join(folder, 'checkpoints'));
  for (const name of names.filter((name) => /^\d+$/.test(name) && Number(name) < step))
    for (const file of [stateFile, progressFile]) {
      const path = join(folder, 'checkpoints', name, file);
      removed += (await stat(path).catch(() => null))?.size ?? 0;
      await rm(path, { force: true });
    }
  return removed;
}

/** Estimates a checkpoint's bytes on the disk before it is serialised. */
export function estimateCheckpointBytes({ model, weights, progress, state }: Checkpoint): number {
  const floats =
    [...weights.values()].reduce((sum, { values }) => sum + values.length, 0) +
    [...state.values()].reduce((sum, values) => sum + values.length, 0);
  const text = JSON.stringify(model, null, 2).length + JSON.stringify(progress).length;
  return floats * 4 + text + (weights.size + state.size) * headerBytes;
}

/** Estimated bytes of a tensor's entry in the header of its file. */
const headerBytes = 160;

async function writeFlushed(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Flushes a folder, which makes renames in it durable. */
async function flush(folder: string): Promise<void> {
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
