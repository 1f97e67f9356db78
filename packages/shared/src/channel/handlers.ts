/** Handlers by name: what a side answers. One set serves all connections of a server. */
import type { ChannelStream } from './channel-stream.ts';
import type { ReceivedContent } from './content.ts';
import type { RequestHandler } from './incoming-request.ts';

/** Takes notifications of one name. While its promise is pending, it counts against the connection. */
export type NotificationHandler<Peer = unknown> = (content: ReceivedContent, peer: Peer) => void | Promise<void>;

/** Serves streams of one name. It ends or resets its stream; when its promise rejects, the stream is reset. */
export type StreamHandler<Peer = unknown> = (stream: ChannelStream, peer: Peer) => void | Promise<void>;

/** Where a channel looks for the handler of what came in. */
export interface ChannelHandlers<Peer = unknown> {
  /** @param to the agent that is asked through this side, null for this side itself. */
  request(name: string, to: string | null): RequestHandler<Peer> | undefined;
  notification(name: string): NotificationHandler<Peer> | undefined;
  stream(name: string): StreamHandler<Peer> | undefined;
}

/** A set of handlers by name, with a fallback for requests that none fits. */
export class HandlerSet<Peer = unknown> implements ChannelHandlers<Peer> {
  /** Takes requests that no name fits; undefined refuses them. */
  fallback: RequestHandler<Peer> | undefined;
  /** Takes requests for another agent; undefined refuses them. */
  relay: RequestHandler<Peer> | undefined;
  readonly #requests = new Map<string, RequestHandler<Peer>>();
  readonly #notifications = new Map<string, NotificationHandler<Peer>>();
  readonly #streams = new Map<string, StreamHandler<Peer>>();

  /** @throws RangeError when the name has a handler. */
  handle(name: string, handler: RequestHandler<Peer>): void {
    addTo(this.#requests, name, handler);
  }

  /** @throws RangeError when the name has a handler. */
  handleNotification(name: string, handler: NotificationHandler<Peer>): void {
    addTo(this.#notifications, name, handler);
  }

  /** @throws RangeError when the name has a handler. */
  handleStream(name: string, handler: StreamHandler<Peer>): void {
    addTo(this.#streams, name, handler);
  }

  request(name: string, to: string | null): RequestHandler<Peer> | undefined {
    return to === null ? (this.#requests.get(name) ?? this.fallback) : this.relay;
  }

  notification(name: string): NotificationHandler<Peer> | undefined {
    return this.#notifications.get(name);
  }

  stream(name: string): StreamHandler<Peer> | undefined {
    return this.#streams.get(name);
  }
}

function addTo<Handler>(handlers: Map<string, Handler>, name: string, handler: Handler): void {
  if (handlers.has(name)) throw new RangeError(`"${name}" has a handler already`);
  handlers.set(name, handler);
}
