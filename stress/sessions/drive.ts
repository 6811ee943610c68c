import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random.ts';
import type { Report } from '../scenario.ts';
import type { Cluster } from './cluster.ts';
import { drawOperation } from './draw.ts';
import { forkOf } from './explain.ts';
import type { Call, Operation, TakenSnapshot } from './operation.ts';
import type { Oracle } from './oracle.ts';
import { createPossibleWorlds, type PossibleWorlds } from './possible-worlds.ts';
import { send, type Owner } from './send.ts';
import type { MaybeWorld } from './world.ts';

/** What all sessions of a run have in common. */
export interface Run {
  readonly cluster: Cluster;
  readonly oracle: Oracle;
  readonly report: Report;
  readonly random: Random;
  /** The time before a kill in which steps that are not durable may be lost; 0 where none may. */
  readonly lossMs: number;
  readonly snapshots: Map<Owner, TakenSnapshot[]>;
  readonly slots: Set<Slot>;
  /** Calls made so far. */
  calls: number;
  isOver(): boolean;
  /** Begins to call a session. */
  start(slot: Slot): void;
}

/** A session's id, and all that may be under it. */
export interface Slot {
  readonly owner: Owner;
  readonly id: string;
  readonly tag: number;
  readonly isNamed: boolean;
  readonly worlds: PossibleWorlds;
  /** Kills of its server that its worlds know of. */
  kills: number;
  /** When a deletion was not answered last, in milliseconds on the clock of performance.now(). */
  deletedMs: number;
  /** Calls to servers that were killed, which may still take effect. */
  readonly late: { readonly call: Call; readonly untilMs: number }[];
  /** Its last calls, with the time when they were answered, for the report of a fault. */
  readonly trail: string[];
}

const maxSlots = 24;
/** Longer than a lease, and shorter than the time for which a server is stopped. */
const patienceMs = 600;
/** The time in which the deletion of a server that was killed may keep other calls from a session. */
const endingMs = 5000;
const keptSnapshots = 6;
/**
 * After a kill, Redis may still have a command of the server in its socket, and answer others before it. A call that was not
 * answered may therefore take effect after later ones; that it could do so twice is accepted for this time.
 */
const lateMs = 2000;
/** Groups of calls that are reported with a fault. */
const trailLength = 6;
let tags = 0;

export function createSlot(
  { oracle, slots, cluster }: Run,
  { owner, id, isNamed }: Pick<Slot, 'owner' | 'id' | 'isNamed'>,
  worlds: readonly MaybeWorld[],
  kills = cluster.killsMs.length,
): Slot {
  const possible = createPossibleWorlds(worlds, oracle);
  const slot = {
    owner,
    id,
    isNamed,
    tag: tags++,
    worlds: possible,
    kills,
    deletedMs: -Infinity,
    late: [],
    trail: [],
  };
  slots.add(slot);
  return slot;
}

/** Calls a session until the run is over, or it has ended and its id is not taken again. */
export async function drive(run: Run, slot: Slot): Promise<void> {
  const { random, report, slots } = run;
  while (!run.isOver()) {
    const { now } = slot.worlds;
    if (!slot.isNamed && now.every((world) => world === null)) break;
    const snapshots = run.snapshots.get(slot.owner)!;
    const mayFork = slots.size < maxSlots;
    const { tag, isNamed } = slot;
    // many worlds: one answer tells them apart
    const count = now.length > 4 ? 1 : random.pick([1, 1, 1, 1, 2, 3]);
    const draw = (): Operation => drawOperation(random, { worlds: now, tag, snapshots, mayFork, isNamed });
    const operations = Array.from({ length: count }, draw);
    if (!(await call(run, slot, operations, draw()))) return report.count('sessions given up');
  }
  if (!run.isOver()) slots.delete(slot);
}

/**
 * Makes calls at the same time. @param whileWaiting one more, sent to another server where the answers are late
 * @returns whether their answers were possible
 */
export async function call(
  run: Run,
  slot: Slot,
  operations: readonly Operation[],
  whileWaiting: Operation | null = null,
): Promise<boolean> {
  const { cluster, random, report, lossMs } = run;
  const { owner, id, worlds } = slot;
  // where a kill loses steps, all of these calls are to the server that is killed
  const shared = lossMs > 0 ? await cluster.pick(random) : null;
  loseSteps(run, slot);
  const before = worlds.describe();
  const kills = slot.kills;
  async function make(operation: Operation): Promise<Call> {
    const member = shared ?? (await cluster.pick(random));
    const answer = await send(member.server.port, owner, id, operation);
    if (answer === null && member.server.exit === null && !member.wasKilled)
      report.fault('no answer', `to ${operation.kind} of ${id}, though its server was not killed`);
    run.calls++;
    report.count(answer === null ? 'no answer' : (answer.code ?? operation.kind));
    return { operation, answer, found: new Set() };
  }
  const made = operations.map(make);
  if (whileWaiting && !shared) {
    const late = await Promise.race([Promise.all(made), delay(patienceMs, null, { ref: false })]);
    if (late === null) made.push(make(whileWaiting));
  }
  const sentMs = performance.now();
  const calls = await Promise.all(made);
  const described = calls.map(describeCall).join('\n  ');
  while (slot.late[0] && slot.late[0].untilMs < sentMs) slot.late.shift();
  if (!(await worlds.add([...calls, ...slot.late.map((one) => one.call)]))) {
    const kills = cluster.killsMs.slice(-3).map(Math.round).join();
    report.fault(
      'an impossible answer',
      `${owner.name}'s ${id} was ${before}\n  ${described}\n after, with kills at ${kills}:\n${slot.trail.join('\n')}`,
    );
    return false;
  }
  // one server with the disk for itself leaves nothing behind
  if (lossMs === 0)
    for (const one of calls)
      if (one.answer === null) slot.late.push({ call: one, untilMs: performance.now() + lateMs });
  slot.trail.push(`${Math.round(sentMs)} to ${Math.round(performance.now())} ms: ${described}`);
  if (slot.trail.length > trailLength) slot.trail.shift();
  checkEnding(run, slot, calls);
  for (const one of calls) keepResults(run, slot, one, kills);
  loseSteps(run, slot);
  return true;
}

/** A session is ending only while it is being deleted. */
function checkEnding({ report }: Run, slot: Slot, calls: readonly Call[]): void {
  const deletions = calls.filter(({ operation }) => operation.kind === 'delete');
  const now = performance.now();
  if (deletions.some(({ answer }) => answer === null)) slot.deletedMs = now;
  if (deletions.length > 0 || now - slot.deletedMs < endingMs) return;
  const ending = calls.find(({ answer }) => answer?.code === 'session_ending');
  if (ending) report.fault('ending, but not being deleted', `${slot.id}: ${describeCall(ending)}`);
}

/** What its server was killed before it had written. */
function loseSteps({ cluster: { killsMs }, lossMs }: Run, slot: Slot): void {
  const missed = killsMs.slice(slot.kills);
  slot.kills = killsMs.length;
  if (lossMs > 0) for (const atMs of missed) slot.worlds.lose(atMs - lossMs);
}

/** Snapshots are restored later, forks go on by themselves. */
function keepResults(run: Run, { owner }: Slot, { operation, answer, found }: Call, kills: number): void {
  if (answer === null || answer.code !== null) return;
  if (operation.kind === 'snapshot') {
    const kept = run.snapshots.get(owner)!;
    kept.push({ bytes: answer.bytes, sequences: [...new Set([...found].map(({ sequence }) => sequence))] });
    if (kept.length > keptSnapshots) kept.shift();
  }
  if (operation.kind !== 'fork') return;
  const [{ id }] = answer.body['data'] as [{ id: string }];
  run.start(createSlot(run, { owner, id, isNamed: false }, [...found].map(forkOf), kills));
}

function describeCall({ operation, answer }: Call): string {
  const { snapshot, ...rest } = { snapshot: undefined, ...operation };
  const given = { ...rest, ...(snapshot && { sequences: snapshot.sequences.map(({ id }) => id) }) };
  const got = answer && `${answer.status} ${answer.code ?? ''} ${JSON.stringify(answer.body)}`;
  return `${JSON.stringify(given)} → ${got ?? 'no answer'}`;
}
