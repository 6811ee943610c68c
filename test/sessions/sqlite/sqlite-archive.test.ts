import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import type { SessionArchive } from '../../../src/sessions/session-archive.ts';
import type { Session } from '../../../src/sessions/session.ts';
import { makeSession, openArchive, silent, temporaryFolder } from '../fixtures.ts';

const later = Date.now() + 3_600_000;
const write = (archive: SessionArchive, ...sessions: readonly Session[]): Promise<void> =>
  archive.write(
    sessions.map((session) => ({ session, expiresAtMs: later })),
    false,
  );
const ids = (sessions: readonly Session[]): string[] => sessions.map(({ id }) => id);
const everything = { limit: 100, owner: undefined, model: undefined };
const unavailable = (reason: RegExp) => ({
  code: 'sessions_unavailable',
  message: expect.stringMatching(reason) as string,
});

describe('sessions on disk', () => {
  it('are read as they were written, by the next server too', async () => {
    const folder = temporaryFolder();
    const first = openArchive(folder);
    const session = makeSession('a', { state: Float32Array.of(1, -0, 3), steps: 7, pendingId: 2 });
    await write(first, session, makeSession('b'));
    await write(first, { ...session, steps: 8 });
    expect(first.size).toBe(2);
    await first.close();
    const second = openArchive(folder);
    expect(await second.read('a')).toEqual({ session: { ...session, steps: 8 }, expiresAtMs: later });
    expect(await second.read('c')).toBeNull();
    expect(await second.has('a')).toBe(true);
    expect(second.size).toBe(2);
    await second.remove(['a', 'c']);
    expect(await second.read('a')).toBeNull();
    expect(second.size).toBe(1);
  });

  it('take no thread and no file before the first', async () => {
    const folder = temporaryFolder();
    const archive = openArchive(folder);
    expect(await archive.read('a')).toBeNull();
    expect(await archive.list(everything, null)).toEqual([]);
    expect(await archive.listExpired(10)).toEqual([]);
    await archive.remove(['a']);
    expect(readdirSync(folder)).toEqual([]);
    await write(archive, makeSession('a'));
    expect(existsSync(join(folder, 'sessions.db'))).toBe(true);
  });

  it('are listed by age, owner and model, in pages', async () => {
    const archive = openArchive(temporaryFolder());
    const sessions = Array.from({ length: 20 }, (_, i) =>
      makeSession(`s${String(i).padStart(2, '0')}`, {
        // four of the same time
        createdAt: 100 - Math.floor(i / 4),
        owner: i % 2 ? 'x' : null,
        model: i % 3 ? 'a' : 'b',
      }),
    );
    await write(archive, ...sessions.toReversed());
    for (const owner of [undefined, null, 'x'])
      for (const model of [undefined, 'a']) {
        const found: Session[] = [];
        for (let page; page === undefined || page.length === 3; found.push(...page))
          page = await archive.list({ limit: 3, owner, model }, found.at(-1) ?? null);
        expect(ids(found)).toEqual(
          ids(
            sessions
              .filter((one) => owner === undefined || one.owner === owner)
              .filter((one) => model === undefined || one.model === model),
          ),
        );
      }
  });

  it('that have expired are named, not listed and not read', async () => {
    const archive = openArchive(temporaryFolder());
    const past = Date.now() - 1;
    await archive.write(
      ['a', 'b', 'c'].map((id, i) => ({ session: makeSession(id), expiresAtMs: i === 1 ? later : past - i })),
      true,
    );
    expect(await archive.listExpired(10)).toEqual(['c', 'a']);
    expect(await archive.listExpired(1)).toEqual(['c']);
    expect(ids(await archive.list(everything, null))).toEqual(['b']);
    expect(await archive.read('a')).toBeNull();
    expect(await archive.has('a')).toBe(false);
  });
});

describe('a file of sessions', () => {
  const tamper = (folder: string, sql: string): void => {
    const database = new DatabaseSync(join(folder, 'sessions.db'));
    database.exec(sql);
    database.close();
  };

  it('with a damaged row has an error for that session alone', async () => {
    const folder = temporaryFolder();
    const first = openArchive(folder);
    await write(first, makeSession('a', { state: Float32Array.of(1) }), makeSession('b'));
    await first.close();
    tamper(folder, "UPDATE sessions SET body = body || x'00' WHERE id = 'a'");
    const second = openArchive(folder);
    await expect(second.read('a')).rejects.toMatchObject({
      code: 'invalid_state',
      message: expect.stringMatching(/the session a cannot be read.*damaged/) as string,
    });
    expect(ids(await second.list(everything, null))).toEqual(['b']);
    await write(second, makeSession('a'));
    expect(await second.read('a')).not.toBeNull();
  });

  it('that is none is set aside, with a new one in its place', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'sessions.db'), 'not a database'.repeat(1000));
    const errors: string[] = [];
    const archive = openArchive(folder, {
      ...silent,
      error: (_: object, text: string) => errors.push(text),
    } as never);
    let losses = 0;
    archive.onLoss(() => losses++);
    await write(archive, makeSession('a'));
    expect(await archive.read('a')).not.toBeNull();
    await vi.waitFor(() => expect(losses).toBe(1));
    expect(errors).toEqual([expect.stringMatching(/is damaged: it was renamed to .*sessions\.db\.damaged-/)]);
    expect(readdirSync(folder).some((name) => name.startsWith('sessions.db.damaged-'))).toBe(true);
  });

  it('whose pages are damaged while it is used gives what can be read to a new one', async () => {
    const folder = temporaryFolder();
    const first = openArchive(folder);
    const many = Array.from({ length: 2000 }, (_, i) =>
      makeSession(`s${String(i).padStart(4, '0')}`, { state: new Float32Array(512).fill(i) }),
    );
    await write(first, ...many);
    await first.close();
    const path = join(folder, 'sessions.db');
    const bytes = readFileSync(path);
    // not its head, nor its first and its last pages
    const page = 8192;
    const pages = Math.floor(bytes.length / page);
    bytes.fill(0xa5, Math.floor(pages * 0.45) * page, Math.floor(pages * 0.55) * page);
    writeFileSync(path, bytes);

    const second = openArchive(folder);
    let losses = 0;
    second.onLoss(() => losses++);
    const next = many.map((session) => ({ ...session, steps: 1 }));
    // reads that meet the damage fail alone
    const read = await Promise.allSettled(many.map(({ id }) => second.read(id)));
    expect(read.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(100);
    expect(losses).toBe(0);
    await write(second, ...next);
    expect(losses).toBe(1);
    expect(second.size).toBe(2000);
    expect((await second.read('s0000'))!.session.steps).toBe(1);
  });

  it('of another server is not touched until that server ends', async () => {
    const folder = temporaryFolder();
    const first = openArchive(folder);
    await write(first, makeSession('a'));
    const reasons: object[] = [];
    const second = openArchive(folder, {
      ...silent,
      error: (fields: object) => reasons.push(fields),
    } as never);
    await expect(second.read('a')).rejects.toMatchObject(unavailable(/another server keeps its sessions in/));
    await expect(write(second, makeSession('b'))).rejects.toMatchObject(unavailable(/another server/));
    // it was never written by this server
    await expect(second.remove(['b'])).rejects.toMatchObject(unavailable(/another server/));
    expect(reasons).toEqual([{ reason: expect.stringMatching(/another server/) as string }]);
    await first.close();
    await vi.waitFor(async () => expect(await second.read('a')).not.toBeNull(), 5000);
  });

  it('that is locked fails calls with the reason, and is used again when it is free', async () => {
    const folder = temporaryFolder();
    const archive = openArchive(folder);
    await write(archive, makeSession('a'));
    const other = new DatabaseSync(join(folder, 'sessions.db'));
    other.exec('PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE');
    await expect(write(archive, makeSession('b'))).rejects.toMatchObject(
      unavailable(/locked by another process/),
    );
    other.close();
    await write(archive, makeSession('b'));
    expect(await archive.read('b')).not.toBeNull();
  }, 20_000);

  it('in a folder that cannot be made: nothing is on disk, and durable is refused', async () => {
    const folder = join(temporaryFolder(), 'data');
    writeFileSync(folder, 'a file in its place');
    const archive = openArchive(folder);
    await expect(write(archive, makeSession('a'))).rejects.toMatchObject(unavailable(/UNROLL_DATA|data/));
    expect(await archive.read('a')).toBeNull();
    expect(await archive.list(everything, null)).toEqual([]);
    await archive.remove(['a']);
  });

  it('of a later version is refused unchanged', async () => {
    const folder = temporaryFolder();
    const first = openArchive(folder);
    await write(first, makeSession('a'));
    await first.close();
    tamper(folder, 'PRAGMA user_version = 9');
    const second = openArchive(folder);
    await expect(second.read('a')).rejects.toMatchObject(unavailable(/later version of Unroll/));
  });
});
