import { deserialize, serialize } from 'node:v8';
import type {
  FinalState,
  FromWorker,
  SequenceReport,
  StartMessage,
  TokenEvent,
  ToWorker,
} from './messages.ts';
import { createWordReader, createWordWriter, type WordReader, type WordWriter } from './words.ts';

// The bytes of messages. Those that every request or token needs have a layout of their own, in words of four bytes; the
// others are V8's serialisation, which takes ten times as long and begins with 0xff.

const serializedMark = 0xff;
const startKind = 1;
const reportsKind = 2;

const outputsReport = 1;
const tokenReport = 2;
const doneReport = 3;
/** A report in V8's serialisation. */
const otherReport = 4;

const everyStep = 1;
const hiddenOutput = 2;
const numericInput = 4;
const keepsState = 8;
const bestOutput = 16;
const continues = 32;

/** In place of the token chosen last, where nothing was generated. */
const noId = -1;

const finishes = [null, 'stop', 'length'] as const;

/** @returns encoders whose bytes are valid until the next call */
export function createEncoders(): {
  readonly toWorker: (message: ToWorker) => Uint8Array;
  readonly toMain: (message: FromWorker) => Uint8Array;
} {
  const writer = createWordWriter();
  return {
    toWorker(message) {
      if (message.kind !== 'start' || !isPlain(message)) return serialize(message);
      writer.restart();
      writeStart(writer, message);
      return writer.bytes();
    },
    toMain(message) {
      if (message.kind !== 'reports') return serialize(message);
      writer.restart();
      writer.int(reportsKind);
      writer.int(message.reports.length);
      for (const { sequence, report } of message.reports) {
        writer.double(sequence);
        writeReport(writer, report);
      }
      return writer.bytes();
    },
  };
}

export function decodeToWorker(bytes: Uint8Array): ToWorker {
  if (bytes[0] === serializedMark) return deserialize(bytes) as ToWorker;
  return readStart(createWordReader(bytes));
}

export function decodeToMain(bytes: Uint8Array): FromWorker {
  if (bytes[0] === serializedMark) return deserialize(bytes) as FromWorker;
  const reader = createWordReader(bytes);
  reader.int();
  const reports: { sequence: number; report: SequenceReport }[] = [];
  for (let left = reader.int(); left > 0; left--)
    reports.push({ sequence: reader.double(), report: readReport(reader) });
  return { kind: 'reports', reports };
}

/** Whether it has nothing but its input and the state that it goes on from. */
const isPlain = ({ generation, decode, resume, inside }: StartMessage): boolean =>
  generation === null && decode === null && resume === null && inside === undefined;

function writeStart(writer: WordWriter, message: StartMessage): void {
  const { sequence, network, input, steps, output, from, keepState, windowBytes, alreadyDelivered } = message;
  const numeric = input instanceof Float32Array;
  writer.int(startKind);
  writer.double(sequence);
  writer.double(network);
  writer.int(
    (steps === 'every' ? everyStep : 0) |
      (output === 'hidden' ? hiddenOutput : output === 'best' ? bestOutput : 0) |
      (numeric ? numericInput : 0) |
      (keepState ? keepsState : 0) |
      (from ? continues : 0),
  );
  writer.double(windowBytes);
  writer.double(alreadyDelivered);
  if (from) writer.floats(from);
  if (numeric) writer.floats(input);
  else writer.ints(input);
}

function readStart(reader: WordReader): StartMessage {
  reader.int();
  const sequence = reader.double();
  const network = reader.double();
  const flags = reader.int();
  return {
    kind: 'start',
    sequence,
    network,
    steps: (flags & everyStep) !== 0 ? 'every' : 'last',
    output: (flags & hiddenOutput) !== 0 ? 'hidden' : (flags & bestOutput) !== 0 ? 'best' : 'output',
    generation: null,
    decode: null,
    keepState: (flags & keepsState) !== 0,
    resume: null,
    windowBytes: reader.double(),
    alreadyDelivered: reader.double(),
    from: (flags & continues) !== 0 ? reader.floats() : null,
    inside: undefined,
    input: (flags & numericInput) !== 0 ? reader.floats() : reader.ints(),
  };
}

function writeReport(writer: WordWriter, report: SequenceReport): void {
  if (report.kind === 'outputs') {
    writer.int(outputsReport);
    writer.double(report.first);
    writer.int(report.steps);
    writer.int(report.width);
    writer.floats(report.values);
  } else if (report.kind === 'token') writeToken(writer, report);
  else if (report.kind === 'done') {
    writer.int(doneReport);
    writer.int(finishes.indexOf(report.finish));
    writer.double(report.steps);
    writer.double(report.runMs);
    writeState(writer, report.state);
  } else {
    writer.int(otherReport);
    writer.octets(serialize(report));
  }
}

function readReport(reader: WordReader): SequenceReport {
  const kind = reader.int();
  if (kind === outputsReport)
    return {
      kind: 'outputs',
      first: reader.double(),
      steps: reader.int(),
      width: reader.int(),
      values: reader.floats(),
    };
  if (kind === tokenReport) return readToken(reader);
  if (kind === doneReport)
    return {
      kind: 'done',
      finish: finishes[reader.int()]!,
      steps: reader.double(),
      runMs: reader.double(),
      state: readState(reader),
    };
  return deserialize(reader.octets()) as SequenceReport;
}

function writeState(writer: WordWriter, state: FinalState | null): void {
  writer.int(state ? 1 : 0);
  if (!state) return;
  writer.int(state.nextId ?? noId);
  writer.ints(state.fedIds);
  writer.floats(state.values);
}

function readState(reader: WordReader): FinalState | null {
  if (reader.int() === 0) return null;
  const nextId = reader.int();
  const fedIds = [...reader.ints()];
  // a copy: whoever keeps it must not retain the message, which has the states of a whole tick
  return { nextId: nextId === noId ? null : nextId, fedIds, values: reader.floats().slice() };
}

function writeToken(writer: WordWriter, { index, id, logprob, text, top }: TokenEvent): void {
  writer.int(tokenReport);
  writer.double(index);
  writer.int(id);
  writer.double(logprob);
  writer.text(text);
  writer.int(top.length);
  for (const one of top) {
    writer.int(one.id);
    writer.double(one.logprob);
    writer.text(one.text);
  }
}

function readToken(reader: WordReader): TokenEvent {
  const index = reader.double();
  const id = reader.int();
  const logprob = reader.double();
  const text = reader.text();
  const top: TokenEvent['top'][number][] = [];
  for (let left = reader.int(); left > 0; left--) {
    const topId = reader.int();
    const topLogprob = reader.double();
    top.push({ id: topId, text: reader.text(), logprob: topLogprob });
  }
  return { kind: 'token', index, id, text, logprob, top };
}
