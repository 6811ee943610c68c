import { createHash } from 'node:crypto';
import { UnrollError } from '../errors.ts';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '../formats/safetensors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Tensor } from '../network/weights.ts';
import type { Point, Session } from './session.ts';

// A snapshot is a safetensors file: the state by layer, and in its metadata what it belongs to.

/** Where a snapshot was taken. */
export interface Snapshot extends Point {
  readonly model: string;
  readonly version: number;
  readonly weightsHash: string;
}

const format = 'unroll.session.1';
/** Fields of the metadata, in the order in which the checksum reads them. */
const fields = ['format', 'model', 'version', 'weights_sha256', 'steps', 'pending_id', 'initial'] as const;
type Metadata = Readonly<Record<(typeof fields)[number], string>>;

export function writeSnapshot(
  { model, version, weightsHash, steps, pendingId, state }: Session,
  { network }: Pick<ServedModel, 'network'>,
): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, Tensor>();
  let at = 0;
  if (state)
    for (const { name, floats } of listParts(network.info, state.length)) {
      tensors.set(name, { shape: [floats], values: state.slice(at, at + floats) });
      at += floats;
    }
  const metadata: Metadata = {
    format,
    model,
    version: String(version),
    weights_sha256: weightsHash,
    steps: String(steps),
    pending_id: pendingId === null ? '' : String(pendingId),
    initial: String(state === null),
  };
  return writeSafetensors(tensors, { ...metadata, sha256: checksum(metadata, state) });
}

/** The parts of a state; what an encoder-decoder keeps of its source is one. */
const listParts = ({ stateParts, memoryWidth }: ServedModel['network']['info'], length: number) =>
  memoryWidth > 0 ? [{ name: 'source', floats: length }] : stateParts;

/**
 * Reads what a snapshot says of itself, and checks that it is whole.
 * @throws UnrollError invalid_state
 */
export function readSnapshot(bytes: Uint8Array): Snapshot {
  const { tensors, metadata } = readFile(bytes);
  const text = (field: string): string => {
    const value = metadata[field];
    return typeof value === 'string' ? value : fail(`its metadata has no text ${field}`);
  };
  if (metadata['format'] !== format) fail(`its format is ${String(metadata['format'])}, must be ${format}`);
  const own = Object.fromEntries(fields.map((field) => [field, text(field)])) as Metadata;
  const length = [...tensors.values()].reduce((sum, values) => sum + values.length, 0);
  const state = own.initial === 'true' ? null : new Float32Array(length);
  let at = 0;
  for (const [name, values] of tensors) {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) fail(`${name}[${bad}] is ${values[bad]}, must be a finite number`);
    state?.set(values, at);
    at += values.length;
  }
  if (text('sha256') !== checksum(own, state)) fail('its checksum is not that of its content');
  return {
    model: own.model,
    version: toInteger(own.version, 'version'),
    weightsHash: own.weights_sha256,
    steps: toInteger(own.steps, 'steps'),
    pendingId: own.pending_id === '' ? null : toInteger(own.pending_id, 'pending_id'),
    state,
  };
}

/**
 * Checks that a state belongs to a model. @param what names it in errors
 * @throws UnrollError session_conflict, invalid_state
 */
export function checkBelongs(
  { weightsHash, state, pendingId }: Pick<Snapshot, 'weightsHash' | 'state' | 'pendingId'>,
  { name, version, weightsHash: own, network, vocabulary }: ServedModel,
  what: string,
): void {
  if (weightsHash !== own)
    throw new UnrollError(
      'session_conflict',
      `${what}: it was taken from weights ${weightsHash.slice(0, 12)}…, ${name}@${version} has ${own.slice(0, 12)}…`,
      { field: what },
    );
  const { stateFloats, memoryWidth } = network.info;
  const fits = (length: number): boolean =>
    memoryWidth > 0 ? length % memoryWidth === 0 : length === stateFloats;
  if (state && !fits(state.length))
    throw new UnrollError(
      'invalid_state',
      `${what}: ${name}@${version} has ${memoryWidth > 0 ? `${memoryWidth} numbers of state for each step of a source` : `${stateFloats} numbers of state`}, was given ${state.length}`,
      { field: what },
    );
  if (pendingId !== null && !(vocabulary && pendingId >= 0 && pendingId < vocabulary.tokens.length))
    throw new UnrollError(
      'invalid_state',
      `${what}: its pending token ${pendingId} is not in the vocabulary`,
      {
        field: what,
      },
    );
}

function readFile(bytes: Uint8Array) {
  try {
    const tensors = new Map([...readSafetensors(bytes)].map(([name, { values }]) => [name, values]));
    return { tensors, metadata: readSafetensorsMetadata(bytes) };
  } catch (error) {
    if (error instanceof UnrollError) return fail(error.message);
    throw error;
  }
}

function checksum(metadata: Metadata, state: Float32Array | null): string {
  const hash = createHash('sha256');
  for (const field of fields) hash.update(`${field}=${JSON.stringify(metadata[field])}\n`);
  if (state) hash.update(new Uint8Array(state.buffer, state.byteOffset, state.byteLength));
  return hash.digest('hex');
}

const toInteger = (text: string, field: string): number =>
  /^-?\d{1,15}$/.test(text) ? Number(text) : fail(`its ${field} is ${text.slice(0, 40)}, must be an integer`);

const fail = (reason: string): never => {
  throw new UnrollError('invalid_state', `snapshot: ${reason}`, { field: 'snapshot' });
};
