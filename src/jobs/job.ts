import type { ErrorCode } from '../errors.ts';
import type { DataFile } from '../training/run/run-messages.ts';
import type { TrainingSpec } from '../training/training-spec.ts';

// The records that the training service stores.

/** Who asks for records. They see their own, or all. */
export interface Viewer {
  /** The name of their key; null on a server without keys. */
  readonly name: string | null;
  readonly all: boolean;
}

/** Whose a record is: the name of the key that made it. Missing or null: made without a key. */
interface Owned {
  readonly owner?: string | null;
}

export const isVisible = ({ owner = null }: Owned, { name, all }: Viewer): boolean => all || owner === name;

export const jobStatuses = [
  'validating',
  'queued',
  'running',
  'paused',
  'publishing',
  'cancelling',
  'cancelled',
  'succeeded',
  'failed',
] as const;
export type JobStatus = (typeof jobStatuses)[number];

export const isFinished = (status: JobStatus): boolean =>
  status === 'cancelled' || status === 'succeeded' || status === 'failed';

export interface Job extends Owned {
  readonly id: string;
  readonly spec: TrainingSpec;
  readonly status: JobStatus;
  /** Id of the comparison that the job is a trial of. */
  readonly comparison: string | null;
  /** The files that the training thread reads. */
  readonly data: DataFile;
  readonly validation: DataFile | null;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** Metrics of the last evaluation. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Step of the best checkpoint. */
  readonly best: number | null;
  /** `name@version` */
  readonly published: string | null;
  /** Whether and why the best checkpoint was published; missing before that is decided. */
  readonly publication?: PublicationReport;
}

/** Why a checkpoint was published or not. */
export interface PublicationReport {
  readonly published: boolean;
  readonly reason: string;
  /** What was measured on the same validation data, where that decided. */
  readonly measured?: {
    readonly metric: string;
    /** Null: not a finite number. */
    readonly score: number | null;
    readonly loss: number | null;
    /** `name@version` that takes the traffic. */
    readonly current: string;
    readonly current_score: number | null;
    readonly current_loss: number | null;
  };
}

export interface JobEvent {
  /** Increases from event to event, over all jobs. */
  readonly id: number;
  readonly job: string;
  readonly createdAt: number;
  readonly type: 'message' | 'metrics' | 'gradient_flow' | 'checkpoint' | 'status';
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly step: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface JobCheckpoint {
  readonly job: string;
  readonly step: number;
  readonly epoch: number;
  readonly createdAt: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly best: boolean;
  readonly published: string | null;
}

export interface Dataset extends Owned {
  readonly id: string;
  readonly name: string;
  readonly format: DataFile['format'];
  readonly bytes: number;
  readonly records: number;
  /** What the records were validated for at upload; missing in records of earlier versions. */
  readonly validatedFor?: DataFile['validatedFor'];
  readonly createdAt: number;
}

export const comparisonStatuses = ['running', 'publishing', 'succeeded', 'failed', 'cancelled'] as const;
export type ComparisonStatus = (typeof comparisonStatuses)[number];

export const isDecided = (status: ComparisonStatus): boolean =>
  status !== 'running' && status !== 'publishing';

export interface Comparison extends Owned {
  readonly id: string;
  readonly model: string;
  readonly status: ComparisonStatus;
  readonly createdAt: number;
  /** The request without its spec. */
  readonly request: Readonly<Record<string, unknown>>;
  /** One entry a trial, in the order of creation. */
  readonly trials: readonly {
    readonly job: string;
    readonly cell: string;
    readonly settings: Readonly<Record<string, unknown>>;
  }[];
  /** The checkpoint to publish, once decided. */
  readonly best?: { readonly job: string; readonly step: number };
  /** Why the best could not be published. */
  readonly error?: Job['error'];
  readonly publication?: PublicationReport;
  readonly published: string | null;
}
