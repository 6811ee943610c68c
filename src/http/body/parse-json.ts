import { isUtf8 } from 'node:buffer';
import { UnrollError } from '../../errors.ts';
import { createTimeSlice, nextTurn, type TimeSlice } from '../../time-slice.ts';
import { createJsonScan } from './json-scan.ts';

// Parses JSON bodies of any size without blocking the event loop: scanned in slices, refused where JSON.parse
// would take long, parsed in an event loop turn of its own.

/** Bodies up to this size are parsed at once. */
export const maxUnslicedBytes = 32_768;

/** @throws UnrollError malformed_json, body_too_complex */
export function parseSmallJson(bytes: Buffer): unknown {
  const scan = createJsonScan(bytes);
  scan.read(bytes.length);
  scan.check();
  const value = parse(bytes);
  if (scan.suspicious) for (const _ of checkFields(value));
  return value;
}

/** @throws UnrollError malformed_json, body_too_complex */
export async function parseJson(bytes: Buffer): Promise<unknown> {
  if (bytes.length <= maxUnslicedBytes) return parseSmallJson(bytes);
  const slice = createTimeSlice();
  const scan = createJsonScan(bytes);
  while (scan.read(maxUnslicedBytes)) if (slice.due()) await slice.next();
  scan.check();
  await nextTurn();
  const value = parse(bytes);
  if (scan.suspicious) await inSlices(checkFields(value), slice);
  // validation follows in another turn
  await nextTurn();
  return value;
}

function parse(bytes: Buffer): unknown {
  // toString would replace what is not UTF-8 by U+FFFD, and the model would read that
  if (!isUtf8(bytes)) throw malformed('it is not UTF-8');
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    throw malformed((error as Error).message, error);
  }
}

const malformed = (why: string, cause?: unknown): UnrollError =>
  new UnrollError('malformed_json', `the body is not valid JSON: ${why}`, { cause });

async function inSlices(work: Iterator<void>, slice: TimeSlice): Promise<void> {
  while (work.next().done !== true) if (slice.due()) await slice.next();
}

const valuesPerYield = 1024;

/**
 * Rejects fields that would change an object's prototype once the value is copied, as secure-json-parse does.
 * Yields every `valuesPerYield` values.
 * @throws UnrollError malformed_json
 */
function* checkFields(value: unknown): Generator<void> {
  const open: unknown[] = [value];
  let seen = 0;
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null) continue;
    if (!Array.isArray(node)) checkFieldNames(node);
    for (const inner of Array.isArray(node) ? node : Object.values(node)) {
      if (typeof inner === 'object' && inner !== null) open.push(inner);
      if (++seen % valuesPerYield === 0) yield;
    }
  }
}

function checkFieldNames(node: object): void {
  const constructor: unknown = Object.hasOwn(node, 'constructor') ? node.constructor : null;
  if (
    Object.hasOwn(node, '__proto__') ||
    (typeof constructor === 'object' && constructor !== null && Object.hasOwn(constructor, 'prototype'))
  )
    throw malformed('a field is named __proto__ or constructor.prototype');
}
