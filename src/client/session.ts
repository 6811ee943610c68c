import type { Operations, Session } from './api.ts';
import type { BodyOf, Call, Stream } from './call.ts';
import type { StreamedTask, TaskEvent, TaskReplies } from './events.ts';
import type { CallOptions } from './request.ts';

type AnyReply = Operations['runSessionSteps']['reply'];
/** Where a session is after a call. */
type AfterCall = { session: { id: string; position: number } };
/** The reply to steps of a model with a known task; else any of them. */
type StepsReply<Task> = Task extends StreamedTask ? TaskReplies[Task] & AfterCall : AnyReply;

/** A session of the server, which lives until it is deleted or expires, whether there is this object or not. */
export class SessionHandle {
  readonly id: string;
  readonly #call: Call;
  readonly #stream: Stream;
  #position: number;

  constructor({ id, position }: Pick<Session, 'id' | 'position'>, call: Call, stream: Stream) {
    this.id = id;
    this.#position = position;
    this.#call = call;
    this.#stream = stream;
  }

  /** Where the session was after the last call of this object. As the body's `position` it makes a call safe to repeat. */
  get position(): number {
    return this.#position;
  }

  /** Goes on by any number of steps. @template Task the model's, which is that of the reply */
  async steps<Task extends StreamedTask | 'any' = 'any'>(
    body: BodyOf<'runSessionSteps'>,
    options?: CallOptions,
  ): Promise<StepsReply<Task>> {
    const reply = await this.#call('runSessionSteps', { ...this.#path, body }, options);
    this.#position = reply.session.position;
    return reply as StepsReply<Task>;
  }

  /** The same as events. A reader that leaves before `done` leaves the session as it was before. */
  async *stepsStream<Task extends StreamedTask = StreamedTask>(
    body: BodyOf<'runSessionSteps'>,
    options?: CallOptions,
  ): AsyncGenerator<TaskEvent<Task, AfterCall>, void, undefined> {
    const events = this.#stream<TaskEvent<StreamedTask, AfterCall>>(
      'runSessionSteps',
      { ...this.#path, body },
      options,
    );
    for await (const event of events) {
      if (event.event === 'done') this.#position = event.data.session.position;
      yield event as TaskEvent<Task, AfterCall>;
    }
  }

  /** Copies of the session, which go on by themselves. */
  async fork(count = 1, options?: CallOptions): Promise<SessionHandle[]> {
    const { data } = await this.#call('forkSession', { ...this.#path, body: { count } }, options);
    return data.map((session) => new SessionHandle(session, this.#call, this.#stream));
  }

  /** Names the point where the session is. */
  mark(name: string, options?: CallOptions): Promise<Session> {
    return this.#view(this.#call('markSession', { ...this.#path, body: { name } }, options));
  }

  removeMark(mark: string, options?: CallOptions): Promise<Session> {
    return this.#view(this.#call('deleteSessionMark', { path: { session: this.id, mark } }, options));
  }

  /** Goes back to a mark, a position, or by a number of steps, exactly. */
  rewind(to: BodyOf<'rewindSession'>, options?: CallOptions): Promise<Session> {
    return this.#view(this.#call('rewindSession', { ...this.#path, body: to }, options));
  }

  /** The state as a safetensors file, which any server with the same weights restores. */
  snapshot(options?: CallOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#call('getSessionSnapshot', this.#path, options);
  }

  /** Sets the session to a snapshot. */
  restore(snapshot: Uint8Array, options?: CallOptions): Promise<Session> {
    return this.#view(this.#call('restoreSession', { ...this.#path, upload: toUpload(snapshot) }, options));
  }

  show(options?: CallOptions): Promise<Session> {
    return this.#view(this.#call('showSession', this.#path, options));
  }

  async delete(options?: CallOptions): Promise<void> {
    await this.#call('deleteSession', this.#path, options);
  }

  get #path(): { path: { session: string } } {
    return { path: { session: this.id } };
  }

  async #view(reply: Promise<Session>): Promise<Session> {
    const session = await reply;
    this.#position = session.position;
    return session;
  }
}

export interface Sessions {
  create(body: BodyOf<'createSession'>, options?: CallOptions): Promise<SessionHandle>;
  /** One that exists. */
  get(id: string, options?: CallOptions): Promise<SessionHandle>;
  /** Sets the session `id` to a snapshot, or makes it. */
  restore(id: string, snapshot: Uint8Array, options?: CallOptions): Promise<SessionHandle>;
  list(
    query?: NonNullable<Operations['listSessions']['query']>,
    options?: CallOptions,
  ): Promise<Operations['listSessions']['reply']>;
}

export function createSessions(call: Call, stream: Stream): Sessions {
  const open = (session: Session): SessionHandle => new SessionHandle(session, call, stream);
  return {
    create: async (body, options) => open(await call('createSession', { body }, options)),
    get: async (id, options) => open(await call('showSession', { path: { session: id } }, options)),
    restore: async (id, snapshot, options) =>
      open(await call('restoreSession', { path: { session: id }, upload: toUpload(snapshot) }, options)),
    list: (query = {}, options) => call('listSessions', { query }, options),
  };
}

const toUpload = (data: Uint8Array) => ({ type: 'application/octet-stream', data });
