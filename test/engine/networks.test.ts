import { expect, test } from 'vitest';
import type { Control } from '../../src/engine/channel/messages.ts';
import { createNetworks, type LoadedNetwork } from '../../src/engine/networks.ts';
import type { Placement } from '../../src/engine/placement.ts';
import { packTokens } from '../../src/vocabulary/token-table.ts';
import type { Member } from '../../src/engine/pool.ts';

const placement = { arenas: [{ offset: 0 }, { offset: 64 }] } as unknown as Placement;
const network = (id: number): LoadedNetwork => ({
  id,
  placement,
  checkLength: null,
  tokens: packTokens([]),
  startId: undefined,
  endId: undefined,
  meter: undefined,
  stepsRun: new SharedArrayBuffer(8),
});

/** A worker that only notes what it is told. */
function member(index: number) {
  const told: string[] = [];
  const control = (message: Control): void => void told.push(`${message.kind} ${message.network}`);
  return { told, as: { index, alive: true, control } as unknown as Member };
}
async function stateOf(promise: Promise<unknown>): Promise<string> {
  return Promise.race([promise.then(() => 'done', String), Promise.resolve('pending')]);
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a network is loaded when every worker has said so, those that were not ready yet too', async () => {
  const networks = createNetworks(2);
  const [a, b] = [member(0), member(1)];
  networks.ready(a.as);
  const announced = networks.announce(network(1));
  expect([a.told, b.told]).toEqual([['load 1'], []]);
  networks.loaded(a.as, 1, null);
  await settled();
  expect(await stateOf(announced)).toBe('pending');
  networks.ready(b.as);
  expect(b.told).toEqual(['load 1']);
  networks.loaded(b.as, 1, null);
  await announced;
});

test('a network that a worker cannot load is refused with the reason', async () => {
  const networks = createNetworks(1);
  const a = member(0);
  networks.ready(a.as);
  const announced = networks.announce(network(1));
  networks.loaded(a.as, 1, 'no such function');
  await expect(announced).rejects.toMatchObject({ code: 'invalid_model' });
  await expect(announced).rejects.toThrow('no such function');
});

test('a network whose workers die while they load it is refused', async () => {
  const networks = createNetworks(1);
  const announced = networks.announce(network(1));
  for (let life = 0; life < 3; life++) {
    const a = member(0);
    networks.ready(a.as);
    networks.died(a.as);
  }
  await expect(announced).rejects.toThrow('died');
});

test('a worker that takes the place of another is told of every network', () => {
  const networks = createNetworks(1);
  const [a, b] = [member(0), member(0)];
  networks.ready(a.as);
  for (const id of [1, 2]) {
    void networks.announce(network(id));
    networks.loaded(a.as, id, null);
  }
  networks.died(a.as);
  networks.ready(b.as);
  expect(b.told).toEqual(['load 1', 'load 2']);
});

test('a network is gone when every worker that had it has let go or died', async () => {
  const networks = createNetworks(2);
  const [a, b] = [member(0), member(1)];
  for (const { as } of [a, b]) networks.ready(as);
  void networks.announce(network(1));
  for (const { as } of [a, b]) networks.loaded(as, 1, null);
  const gone = networks.withdraw(1);
  expect(networks.get(1)).toBeUndefined();
  expect(a.told).toEqual(['load 1', 'unload 1']);
  networks.unloaded(a.as, 1);
  await settled();
  expect(await stateOf(gone)).toBe('pending');
  networks.died(b.as);
  await gone;
});
