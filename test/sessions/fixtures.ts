import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { SessionArchive } from '../../src/sessions/session-archive.ts';
import type { SessionStore } from '../../src/sessions/session-store.ts';
import { createSessionTally } from '../../src/sessions/session-tally.ts';
import type { Session } from '../../src/sessions/session.ts';
import { createMemoryStore, type MemoryStoreOptions } from '../../src/sessions/memory/memory-store.ts';
import { createSqliteArchive } from '../../src/sessions/sqlite/sqlite-archive.ts';

// Sessions, archives and stores of the tests.

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'unroll-sessions-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const silent = { info() {}, warn() {}, error() {} };

const archives: SessionArchive[] = [];
afterAll(async () => {
  for (const archive of archives.splice(0)) await archive.close();
});
export function openArchive(folder: string, log: typeof silent = silent): SessionArchive {
  const archive = createSqliteArchive({ folder, log, timeoutMs: 5000 });
  archives.push(archive);
  return archive;
}

export function openStore(archive: SessionArchive, more: Partial<MemoryStoreOptions> = {}): SessionStore {
  return createMemoryStore({
    maxSessions: 100,
    maxBytes: 1 << 26,
    archive,
    writeMs: 1000,
    tally: createSessionTally(),
    onProblem: () => {},
    onLost: () => {},
    ...more,
  });
}

export const makeSession = (id: string, more: Partial<Session> = {}): Session => ({
  id,
  owner: null,
  model: 'numbers',
  version: 1,
  weightsHash: 'a'.repeat(64),
  createdAt: Date.now() / 1000,
  ttlMs: 60_000,
  durable: false,
  keepSteps: 0,
  steps: 0,
  pendingId: null,
  state: null,
  marks: [],
  history: [],
  ...more,
});
