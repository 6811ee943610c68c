import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { until, type ServerProcess } from '../start-process.ts';
import { postText, RawConnection, type Outcome } from './raw-client.ts';

// Clients of every kind around a SIGTERM, and what became of each.

/** Between two requests of a client: the load is to be seen through, not to starve the server. */
const pauseMs = 20;

export interface LoadOptions {
  readonly streams: number;
  /** Streams that must have begun before SIGTERM; others wait for a slot. */
  readonly begun: number;
  readonly tokens: number;
  /** Clients that connect anew for every request, and clients that keep their connection. */
  readonly fresh: number;
  readonly kept: number;
  /** Connections that never send anything. */
  readonly idle: number;
  /** Whether one request's body never arrives in full: the drain waits for it to its end. */
  readonly unfinished: boolean;
  readonly writer: string;
  readonly classifier: string;
  /** Called right before SIGTERM. */
  readonly before?: () => void | Promise<void>;
}

export interface Shutdown {
  readonly exitCode: number | null;
  readonly ms: number;
  /** How many of what ended how. */
  readonly counts: Readonly<Record<string, number>>;
  /** What should not be: resets, streams cut off, answers that promise a connection which then closes. */
  readonly faults: readonly string[];
}

export async function shutDownUnderLoad(server: ServerProcess, options: LoadOptions): Promise<Shutdown> {
  const { port, process: child } = server;
  const counts: Record<string, number> = {};
  const faults: string[] = [];
  let terminated = false;
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);

  function judge(who: string, outcome: Outcome): void {
    if (outcome.kind === 'reset')
      faults.push(`${who}: ${outcome.why} after ${JSON.stringify(outcome.received.slice(-200))}`);
    if (outcome.kind === 'answered') {
      const { status, kept, body } = outcome.answer;
      if (status !== 200 && status !== 503) faults.push(`${who}: ${status} ${body.slice(0, 200)}`);
      const overloaded = !terminated && body.includes('overloaded');
      if (status === 503 && !overloaded && !body.includes('shutting_down'))
        faults.push(`${who}: 503 ${body.slice(0, 200)}`);
      if (status === 503 && kept && !overloaded) faults.push(`${who}: a 503 without connection: close`);
    }
    count(`${who}: ${outcome.kind === 'answered' ? outcome.answer.status : outcome.kind}`);
  }

  const opened: RawConnection[] = [];
  const stream = async (seed: number): Promise<void> => {
    const { writer, tokens } = options;
    const connection = new RawConnection(port);
    opened.push(connection);
    const request = { prompt: 'a', max_tokens: tokens, seed, stream: true, timeout_ms: 300_000 };
    const outcome = await connection.request(postText(`/v1/models/${writer}/generate`, request), true);
    if (outcome.kind !== 'answered' || outcome.answer.status !== 200) return judge('stream', outcome);
    const { body: all } = outcome.answer;
    const last = all.slice(all.lastIndexOf('\nevent: '));
    const end = /event: done/.test(last)
      ? 'done'
      : (/event: error[^]*"code":"(\w+)"/.exec(last)?.[1] ?? 'cut');
    if (end !== 'done' && end !== 'shutting_down')
      faults.push(`stream: ended with ${end}: ${last.slice(0, 200)}`);
    count(`stream: ${end}`);
  };
  const classify = postText(`/v1/models/${options.classifier}/classify`, { input: 'a' });
  const fresh = async (): Promise<void> => {
    for (;;) {
      const connection = new RawConnection(port);
      const outcome = await connection.request(classify);
      judge('fresh', outcome);
      connection.destroy();
      if (outcome.kind === 'refused' || child.exitCode !== null) return;
      await delay(pauseMs);
    }
  };
  const kept = async (): Promise<void> => {
    let connection: RawConnection | null = null;
    for (;;) {
      connection ??= new RawConnection(port);
      const outcome = await connection.request(classify);
      judge('kept', outcome);
      if (outcome.kind === 'refused' || child.exitCode !== null) return;
      if (outcome.kind !== 'answered' || !outcome.answer.kept) {
        connection.destroy();
        connection = null;
      }
      await delay(pauseMs);
    }
  };
  const idle = Array.from({ length: options.idle }, () => new RawConnection(port));
  const partial = options.unfinished
    ? new RawConnection(port).request(classify.slice(0, -3))
    : Promise.resolve(null);
  const clients = [
    ...Array.from({ length: options.fresh }, fresh),
    ...Array.from({ length: options.kept }, kept),
  ];
  // every client has had an answer, of any kind
  const answers = (who: string): number =>
    Object.entries(counts).reduce((sum, [what, n]) => (what.startsWith(who) ? sum + n : sum), 0);
  await until(() => answers('fresh') >= 5 * options.fresh && answers('kept') >= 5 * options.kept, 60_000);
  const streams = Array.from({ length: options.streams }, (_, i) => stream(i));
  await until(() => opened.filter(({ received }) => received !== '').length >= options.begun, 120_000);
  await options.before?.();
  terminated = true;
  const exit = once(child, 'exit');
  const started = performance.now();
  child.kill('SIGTERM');
  await Promise.all([...streams, ...clients]);
  const half = await partial;
  if (half) judge('half a request', half);
  for (const connection of idle) {
    await connection.closed();
    count(`idle: ${connection.ended}`);
    if (connection.ended !== 'closed') faults.push(`idle: ${connection.ended}`);
  }
  await exit;
  const ms = performance.now() - started;
  return { exitCode: child.exitCode, ms, counts, faults };
}
