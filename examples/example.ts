import type { z } from 'zod';
import type { trainingSpec } from '../src/training/training-spec.ts';

/** What is trained, from what, and how well it does on what it has not seen. */
export interface Example {
  readonly job: Omit<z.input<typeof trainingSpec>, 'data' | 'validation'>;
  /** Without a part of its own to measure on, a share of the data is drawn, or cut from its end. */
  readonly data: () => { readonly training: Upload; readonly validation?: Upload };
  /** The `example` of its model.json: a body of its task. */
  readonly request: Readonly<Record<string, unknown>>;
  /** @returns metrics on held-out data, and other fields of model.json's provenance */
  readonly report: (trained: Trained) => Promise<Record<string, unknown>>;
}

export interface Upload {
  readonly type: 'application/jsonl' | 'text/csv' | 'text/plain';
  readonly text: string;
}

export interface Trained {
  /** POST of JSON to a path of the server that serves it. @throws Error with the problem's detail */
  post<T>(path: string, body: object): Promise<T>;
  /** The published version. */
  readonly folder: string;
}

export const jsonl = (records: readonly object[]): Upload => ({
  type: 'application/jsonl',
  text: records.map((record) => `${JSON.stringify(record)}\n`).join(''),
});

export const round = (value: number, digits = 4): number => Number(value.toFixed(digits));
