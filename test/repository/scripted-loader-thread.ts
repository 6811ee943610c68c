import { parentPort, workerData } from 'node:worker_threads';
import type {
  LoaderReply,
  LoadedModel,
  LoaderData,
  LoadRequest,
} from '../../src/repository/loader-messages.ts';
import { createRegionClient } from '../../src/repository/region-requests.ts';

// A loader thread for loader.test.ts that behaves as the model's name says.

const port = parentPort!;
const send = (message: LoaderReply): void => port.postMessage(message);

port.on('message', ({ name, share }: LoadRequest) => {
  const memory = createRegionClient(workerData as LoaderData, share);
  const take = (): Uint8Array => {
    const at = memory.allocate(100_000);
    return new Uint8Array(memory.memory.buffer, at, 100_000);
  };
  send({ kind: 'described', task: 'predict' });
  switch (name) {
    case 'hangs': {
      const bytes = take();
      for (;;) bytes.fill(0xff);
    }
    case 'grows': {
      take();
      const kept: object[] = [];
      for (;;) kept.push({ kept: kept.length });
    }
    case 'exits':
      take();
      process.exit(3);
    case 'throws':
      take();
      throw new Error('nobody caught this');
    case 'refuses':
      take();
      return send({ kind: 'failed', code: 'invalid_weights', message: 'a tensor is missing', field: 'x' });
    default: {
      const bytes = take();
      if (bytes.some((byte) => byte !== 0)) throw new Error('a region is not zeroed');
      bytes.fill(0xff);
      return send({ kind: 'loaded', model: { name, at: bytes.byteOffset } as unknown as LoadedModel });
    }
  }
});
