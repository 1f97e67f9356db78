/** What answers the requests of the admin port, once it is loaded. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface AdminAnswerer {
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}
