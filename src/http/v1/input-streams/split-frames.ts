import { UnrollError } from '../../../errors.ts';
import type { ServedModel } from '../../../repository/repository-interface.ts';
import { inputMismatch } from '../../../tasks/input-errors.ts';
import { InputError, maxInputBytes, type StreamInput } from './stream-input.ts';

// Bytes to numbers: little-endian, one frame after the other. A frame is a number of steps, each of as many values
// as the model has features; for a model that takes a window of samples a step, these are the samples.

export interface FrameFormat {
  readonly dtype: 'float32' | 'int16';
  /** Steps of a frame. */
  readonly frame: number;
}

export interface FrameSplitter {
  readonly valueBytes: number;
  readonly frameBytes: number;
  push(chunk: Uint8Array): Generator<StreamInput>;
  /** @throws InputError input_mismatch within a frame */
  end(): void;
}

const int16Scale = 1 / 32_768;

/** @throws UnrollError input_mismatch for a model of texts, invalid_request for too large a frame */
export function createFrameSplitter(model: ServedModel, { dtype, frame }: FrameFormat): FrameSplitter {
  if (model.spec.inputs.kind === 'text') throw inputMismatch(model, 'content-type');
  const width = model.spec.inputs.features.length;
  const valueBytes = dtype === 'int16' ? 2 : 4;
  const frameBytes = frame * width * valueBytes;
  if (frameBytes > maxInputBytes)
    throw new UnrollError(
      'invalid_request',
      `frame: ${frame} steps of ${width} values are ${frameBytes} bytes, at most ${maxInputBytes}`,
      { field: 'frame' },
    );
  const toValues = dtype === 'int16' ? scaleInt16 : toFloat32;
  const pending = new Uint8Array(frameBytes);
  let filled = 0;
  let number = 1;
  return {
    valueBytes,
    frameBytes,
    *push(chunk) {
      for (let from = 0; from < chunk.length;) {
        const taken = Math.min(frameBytes - filled, chunk.length - from);
        pending.set(chunk.subarray(from, from + taken), filled);
        from += taken;
        filled += taken;
        if (filled < frameBytes) return;
        filled = 0;
        yield { kind: 'frame', values: toValues(pending), unit: 'frame', number: number++ };
      }
    },
    end() {
      if (filled === 0) return;
      const detail = `the input ended within a frame: ${filled} of its ${frameBytes} bytes (${frame} × ${width} ${dtype})`;
      throw new InputError(new UnrollError('input_mismatch', detail), { unit: 'frame', number });
    },
  };
}

/** A copy, aligned. */
const toFloat32 = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer);

function scaleInt16(bytes: Uint8Array): Float32Array {
  const integers = new Int16Array(bytes.slice().buffer);
  const values = new Float32Array(integers.length);
  // a loop: Float32Array.from with a function takes ten times as long
  for (let i = 0; i < values.length; i++) values[i] = integers[i]! * int16Scale;
  return values;
}
