import type { Cell } from './random-network.ts';

// The cases compared. `target` is the ratio of onnxruntime's time to ours that is aimed at.

export interface SequenceCase {
  readonly kind: 'sequence';
  readonly name: string;
  readonly cell: Cell;
  readonly units: number;
  readonly batch: number;
  readonly steps: number;
  readonly target: number | null;
}

export interface GenerationCase {
  readonly kind: 'generation';
  readonly name: string;
  readonly units: number;
  readonly vocabulary: number;
  readonly batch: number;
  readonly target: number | null;
}

export type Case = SequenceCase | GenerationCase;

const sequence = (cell: Cell, units: number, batch: number, target: number | null): SequenceCase => ({
  kind: 'sequence',
  name: `${cell}${units}b${batch}`,
  cell,
  units,
  batch,
  steps: 100,
  target,
});

const generation = (batch: number, target: number): GenerationCase => ({
  kind: 'generation',
  name: `gen512b${batch}`,
  units: 512,
  vocabulary: 96,
  batch,
  target,
});

export const cases: readonly Case[] = [
  sequence('lstm', 64, 1, 1.38),
  sequence('lstm', 128, 1, 1.11),
  sequence('lstm', 256, 1, 1.05),
  sequence('lstm', 512, 1, 1.34),
  sequence('lstm', 1024, 1, 1.02),
  sequence('gru', 256, 1, null),
  sequence('lstm', 256, 8, 0.73),
  sequence('lstm', 256, 32, 0.69),
  generation(1, 3.4),
  generation(16, 1.4),
];
