import type { Redis } from 'ioredis';
import type { JobStatus } from '../job.ts';
import type { Progress } from '../job-events.ts';
import { parseJsonObject } from '../store/stored-rows.ts';
import { keys } from './keys.ts';

/** What processes tell each other. A message that is lost delays what it is for, and loses nothing. */
export type ChangeMessage =
  | { readonly kind: 'event'; readonly job: string }
  | { readonly kind: 'status'; readonly job: string; readonly status: JobStatus }
  | { readonly kind: 'progress'; readonly job: string; readonly progress: Progress }
  /** The owner of the job's lease is asked for something. */
  | { readonly kind: 'request'; readonly job: string }
  | { readonly kind: 'published' };

export const toMessage = (message: ChangeMessage): string => JSON.stringify(message);

/**
 * Receives the messages of all processes.
 * @param subscriber a connection that is used for nothing else
 * @param onReady called when messages are received, the first time and after every outage: some may have been missed
 */
export function receiveChanges(
  subscriber: Redis,
  onMessage: (message: ChangeMessage) => void,
  onReady: () => void,
): void {
  subscriber.on('message', (_channel, text: string) => {
    const message = parseJsonObject(text);
    if (message) onMessage(message as unknown as ChangeMessage);
  });
  // ioredis subscribes again by itself after an outage, but does not say so
  const subscribe = (): void => void subscriber.subscribe(keys.changes).then(onReady, () => {});
  subscriber.on('ready', subscribe);
  // it may have been connected before this was called
  if (subscriber.status === 'ready') subscribe();
}
