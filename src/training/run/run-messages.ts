import type { ErrorCode } from '../../errors.ts';
import type { CheckpointQuota } from './checkpoint-quota.ts';
import type { TrainingSpec } from '../training-spec.ts';

// workerData of a training thread, and the messages between it and its parent. Plain data.

export interface DataFile {
  readonly path: string;
  readonly format: 'jsonl' | 'json' | 'csv' | 'text';
  /**
   * The task whose records the file was found to have when it was uploaded; `any`: it has records of no set
   * schema.
   */
  readonly validatedFor?: TrainingSpec['task'] | 'any';
}

export interface RunRequest {
  readonly spec: TrainingSpec;
  readonly data: DataFile;
  readonly validation: DataFile | null;
  /** Folder with model.json and weights.safetensors of the base model; the run's own copy. */
  readonly base: string | null;
  /** The run's folder. Checkpoints are in `<folder>/checkpoints/<step>/`. */
  readonly folder: string;
  /** Step of the checkpoint to resume from. */
  readonly resume: number | null;
  /** Threads that share the shards of a batch. */
  readonly threads: number;
  /** Memory limit of one thread: weights, gradients, optimiser state and activations. */
  readonly memoryMegabytes: number;
  /** Limits on the checkpoints of all runs together. */
  readonly quota?: CheckpointQuota | null;
}

export type RunCommand = { readonly kind: 'pause' } | { readonly kind: 'cancel' };

export type RunMessage =
  /** Sent a few times a second; not stored. */
  | {
      readonly kind: 'progress';
      readonly epoch: number;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly stepsPerSecond: number;
      readonly secondsLeft: number | null;
    }
  /** Stored in order. */
  | {
      readonly kind: 'event';
      readonly type: 'message' | 'metrics' | 'gradient_flow';
      readonly level: 'info' | 'warn' | 'error';
      readonly message: string;
      readonly step: number;
      readonly data: Readonly<Record<string, unknown>>;
    }
  /** A checkpoint was written. */
  | {
      readonly kind: 'checkpoint';
      readonly step: number;
      readonly epoch: number;
      readonly metrics: Readonly<Record<string, number>>;
      /** Whether it is the best so far, which is published on success. */
      readonly best: boolean;
    }
  | {
      readonly kind: 'ended';
      readonly outcome: 'succeeded' | 'paused' | 'cancelled';
      readonly step: number;
      /** Step of the best checkpoint. */
      readonly best: number | null;
    }
  /** Checkpoints of this or another job were removed to free space. */
  | { readonly kind: 'checkpoints_removed'; readonly job: string; readonly steps: readonly number[] }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      /** The stack of an unexpected error: for the log, never for callers. */
      readonly stack?: string | undefined;
    };
