/** Echo: the answer to requests that nobody else answers. */
import type { IncomingRequest } from '@sealane/shared/channel';

/** Body and content type go back unchanged. */
export function echo(request: IncomingRequest): IncomingRequest {
  return request;
}
