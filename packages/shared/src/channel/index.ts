/** Channel: requests, notifications and streams over one session, as promises and objects. */
export { Channel, REQUEST_TIMEOUT_MS_DEFAULT } from './channel.ts';
export type { ChannelOwner, RequestOptions } from './channel.ts';
export { ChannelStream } from './channel-stream.ts';
export { ReceivedContent, TEXT_CONTENT_TYPE, encodeContent } from './content.ts';
export type { Content, EncodedContent } from './content.ts';
export { HandlerSet } from './handlers.ts';
export type { ChannelHandlers, NotificationHandler, StreamHandler } from './handlers.ts';
export type { InboundBytes } from './incoming-work.ts';
export { IncomingRequest, RequestContext } from './incoming-request.ts';
export type { RequestHandler } from './incoming-request.ts';
