import type { Precision } from '../src/kernel/precision.ts';
import type { Cell } from './random-network.ts';

// The cases compared. `target` is the ratio of onnxruntime's time to ours that is aimed at.

interface Compared {
  readonly name: string;
  /** Of our weights. */
  readonly precision: Precision;
  /** Of onnxruntime's: `int8` is com.microsoft.DynamicQuantizeLSTM. */
  readonly peer: 'float32' | 'int8';
  readonly target: number | null;
}

export interface SequenceCase extends Compared {
  readonly kind: 'sequence';
  readonly cell: Cell;
  readonly bidirectional: boolean;
  readonly units: number;
  readonly batch: number;
  readonly steps: number;
}

export interface GenerationCase extends Compared {
  readonly kind: 'generation';
  readonly units: number;
  readonly vocabulary: number;
  readonly batch: number;
}

export type Case = SequenceCase | GenerationCase;

const float32 = { precision: 'float32', peer: 'float32' } as const;

const sequence = (cell: Cell, units: number, batch: number, target: number | null): SequenceCase => ({
  kind: 'sequence',
  name: `${cell}${units}b${batch}`,
  ...float32,
  cell,
  bidirectional: false,
  units,
  batch,
  steps: 100,
  target,
});

const bothWays = (units: number, target: number): SequenceCase => ({
  ...sequence('lstm', units, 1, target),
  name: `bilstm${units}b1`,
  bidirectional: true,
});

const generation = (batch: number, target: number): GenerationCase => ({
  kind: 'generation',
  name: `gen512b${batch}`,
  ...float32,
  units: 512,
  vocabulary: 96,
  batch,
  target,
});

/** The same case with quantised weights, beside float32 and quantised ones of onnxruntime. */
const quantised = (
  one: Case,
  precision: Precision,
  peer: Case['peer'],
  target: number | null = null,
): Case => ({
  ...one,
  name: `${one.name}-${precision}${peer === 'int8' ? '-int8' : ''}`,
  precision,
  peer,
  target,
});

const classifier = bothWays(128, 2);
const tagger = bothWays(256, 1.8);
const generator = generation(32, 1.8);

export const cases: readonly Case[] = [
  sequence('lstm', 64, 1, 1.38),
  sequence('lstm', 128, 1, 1.11),
  sequence('lstm', 256, 1, 1.05),
  sequence('lstm', 512, 1, 1.34),
  sequence('lstm', 1024, 1, 1.02),
  sequence('gru', 256, 1, null),
  sequence('lstm', 256, 8, 0.73),
  sequence('lstm', 256, 32, 0.69),
  classifier,
  tagger,
  generation(1, 3.4),
  generation(16, 1.4),
  generator,
  ...[classifier, tagger, generator].map((one) => quantised(one, 'int16', 'float32')),
  quantised(classifier, 'int8', 'float32', 2.5),
  quantised(tagger, 'int8', 'float32', 3),
  quantised(generator, 'int8', 'float32', 5),
  ...[sequence('lstm', 512, 1, null), sequence('lstm', 256, 32, null), generation(1, 5)].map((one) =>
    quantised(one, 'int8', 'float32'),
  ),
  ...[classifier, tagger, sequence('lstm', 512, 1, null), sequence('lstm', 256, 32, null), generator].map(
    (one) => quantised(one, 'int8', 'int8'),
  ),
];
