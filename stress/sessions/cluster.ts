import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random.ts';
import type { Report } from '../scenario.ts';
import { findLogFaults } from '../server/log-faults.ts';
import { startServer, type ServerProcess } from '../server/server-process.ts';

/** A server that may be killed at any time. */
export interface Member {
  readonly server: ServerProcess;
  wasKilled: boolean;
}

/** Servers that are killed, stopped and started again while they are called. */
export interface Cluster {
  /** When servers were killed, in milliseconds on the clock of performance.now(). */
  readonly killsMs: readonly number[];
  /** A server that listens, or listened a moment ago. */
  pick(random: Random): Promise<Member>;
  /** Kills, ends, or stops for a while, one of the servers, and starts it again. */
  disturb(random: Random): Promise<void>;
  /** Ends all with SIGTERM. */
  end(): Promise<void>;
}

type ServerOptions = Parameters<typeof startServer>[0];

/** @param servers the options of each. @param stopMs the longest time for which a server is stopped */
export async function startCluster(
  servers: readonly ServerOptions[],
  { stopMs, report }: { readonly stopMs: number; readonly report: Report },
): Promise<Cluster> {
  const start = async (options: ServerOptions): Promise<Member> => {
    const server = startServer(options);
    await server.listening;
    return { server, wasKilled: false };
  };
  const members: Promise<Member>[] = servers.map(start);
  const killsMs: number[] = [];
  /** Which of them are there. */
  const present = new Set(members.keys());
  await Promise.all(members);

  async function end({ server }: Member): Promise<void> {
    server.kill('SIGTERM');
    const exit = await Promise.race([server.ended, delay(30_000, null, { ref: false })]);
    if (exit?.code !== 0)
      report.fault('exit', `${exit ? (exit.code ?? exit.signal) : 'none'} after SIGTERM: ${server.output()}`);
    for (const line of findLogFaults(server.output())) report.fault('log', line);
  }

  return {
    killsMs,
    async pick(random) {
      const there = [...present];
      return members[there.length > 0 ? random.pick(there) : random.int(0, members.length - 1)]!;
    },
    async disturb(random) {
      const which = random.int(0, members.length - 1);
      const member = await members[which]!;
      const kind = random.pick(['kill -9', 'kill -9', 'SIGTERM', 'SIGSTOP', 'SIGSTOP'] as const);
      report.count(kind);
      if (kind === 'SIGSTOP') {
        member.server.kill('SIGSTOP');
        await delay(random.int(stopMs / 5, stopMs));
        return member.server.kill('SIGCONT');
      }
      present.delete(which);
      const ended = kind === 'SIGTERM' ? end(member) : member.server.ended;
      if (kind === 'kill -9') {
        member.wasKilled = true;
        killsMs.push(performance.now());
        member.server.kill('SIGKILL');
      }
      members[which] = ended.then(() => start(servers[which]!));
      await members[which];
      present.add(which);
    },
    async end() {
      await Promise.all(members.map(async (member) => end(await member)));
    },
  };
}
