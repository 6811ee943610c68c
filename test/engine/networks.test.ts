import { expect, test } from 'vitest';
import type { Control, GraphContent } from '../../src/engine/channel/messages.ts';
import { createNetworks, type LoadedNetwork } from '../../src/engine/networks.ts';
import type { Placement } from '../../src/engine/placement.ts';
import type { PoolWorker } from '../../src/engine/pool.ts';

const placement = { arenas: [{ offset: 0 }, { offset: 64 }] } as unknown as Placement;
const network = (id: number): LoadedNetwork => ({
  id,
  placement,
  checkLength: null,
  content: {} as GraphContent,
  meter: undefined,
  stepsRun: new SharedArrayBuffer(8),
});

/** A worker that records the messages it receives. */
function member(index: number) {
  const received: string[] = [];
  const sendControl = (message: Control): void => void received.push(`${message.kind} ${message.network}`);
  return { received, as: { index, alive: true, sendControl } as unknown as PoolWorker };
}
async function readState(promise: Promise<unknown>): Promise<string> {
  return Promise.race([promise.then(() => 'done', String), Promise.resolve('pending')]);
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a network is loaded when every worker has confirmed it, including those that started later', async () => {
  const networks = createNetworks(2);
  const [a, b] = [member(0), member(1)];
  networks.workerReady(a.as);
  const registered = networks.register(network(1));
  expect([a.received, b.received]).toEqual([['load 1'], []]);
  networks.networkLoaded(a.as, 1, null);
  await settled();
  expect(await readState(registered)).toBe('pending');
  networks.workerReady(b.as);
  expect(b.received).toEqual(['load 1']);
  networks.networkLoaded(b.as, 1, null);
  await registered;
});

test('rejects a network that a worker cannot load, with the reason', async () => {
  const networks = createNetworks(1);
  const a = member(0);
  networks.workerReady(a.as);
  const registered = networks.register(network(1));
  networks.networkLoaded(a.as, 1, 'no such function');
  await expect(registered).rejects.toMatchObject({ code: 'invalid_model' });
  await expect(registered).rejects.toThrow('no such function');
});

test('rejects a network whose workers crash while they load it', async () => {
  const networks = createNetworks(1);
  const registered = networks.register(network(1));
  for (let life = 0; life < 3; life++) {
    const a = member(0);
    networks.workerReady(a.as);
    networks.workerExited(a.as);
  }
  await expect(registered).rejects.toThrow('crashed');
});

test('loads every network in a worker that replaces another', () => {
  const networks = createNetworks(1);
  const [a, b] = [member(0), member(0)];
  networks.workerReady(a.as);
  for (const id of [1, 2]) {
    void networks.register(network(id));
    networks.networkLoaded(a.as, id, null);
  }
  networks.workerExited(a.as);
  networks.workerReady(b.as);
  expect(b.received).toEqual(['load 1', 'load 2']);
});

test('a network is unloaded when every worker has unloaded it or crashed', async () => {
  const networks = createNetworks(2);
  const [a, b] = [member(0), member(1)];
  for (const { as } of [a, b]) networks.workerReady(as);
  void networks.register(network(1));
  for (const { as } of [a, b]) networks.networkLoaded(as, 1, null);
  const unloaded = networks.unregister(1);
  expect(networks.get(1)).toBeUndefined();
  expect(a.received).toEqual(['load 1', 'unload 1']);
  networks.networkUnloaded(a.as, 1);
  await settled();
  expect(await readState(unloaded)).toBe('pending');
  networks.workerExited(b.as);
  await unloaded;
});
