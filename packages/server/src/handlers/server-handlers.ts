/** ServerHandlers: the authorisation in front of the handlers of a server (rule 10). */
import {
  HandlerSet,
  type ChannelHandlers,
  type NotificationHandler,
  type RequestHandler,
  type StreamHandler,
} from '@sealane/shared/channel';
import { ProtocolError } from '@sealane/shared/errors';
import type { Permissions } from '../permissions/index.ts';
import type { AgentPeer } from './agent-peer.ts';

/**
 * The one way from what an agent asks to who answers, for all connections of a server. Everything passes the
 * authorisation first; there is no path around it.
 */
export class ServerHandlers implements ChannelHandlers<AgentPeer> {
  readonly set = new HandlerSet<AgentPeer>();
  /** May be exchanged at any time; what was allowed before goes on. */
  permissions: Permissions;

  constructor(permissions: Permissions) {
    this.permissions = permissions;
  }

  request(): RequestHandler<AgentPeer> {
    return this.#answer;
  }

  notification(name: string): NotificationHandler<AgentPeer> | undefined {
    const handler = this.set.notification(name);
    if (handler === undefined) return undefined;
    return (content, peer) => (this.permissions.authorize(peer, 'request', name) ? handler(content, peer) : undefined);
  }

  stream(name: string): StreamHandler<AgentPeer> | undefined {
    const handler = this.set.stream(name);
    if (handler === undefined) return undefined;
    return (stream, peer) => {
      if (!this.permissions.authorize(peer, 'request', name)) throw new ProtocolError('E_FORBIDDEN');
      return handler(stream, peer);
    };
  }

  /** A request to another agent needs both its name and its address allowed. */
  readonly #answer: RequestHandler<AgentPeer> = (request, context) => {
    const { name, to } = request;
    const { peer } = context;
    if (!this.permissions.authorize(peer, 'request', name)) throw new ProtocolError('E_FORBIDDEN');
    if (to !== null && !this.permissions.authorize(peer, 'request', to)) throw new ProtocolError('E_FORBIDDEN');
    const handler = this.set.request(name, to);
    if (handler === undefined) throw new ProtocolError('E_NO_HANDLER');
    return handler(request, context);
  };
}
