/** The client sockets of this process, to cut them as a network would: the agent library has no reason to hand them out. */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const sockets = new Set<Socket>();

/** Follows the sockets that are made from now on. */
export function followClientSockets(): void {
  subscribe('net.client.socket', (message) => {
    const { socket } = message as { socket: Socket };
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
}

/** Resets all of them. @returns how many. */
export function cutClientSockets(): number {
  const all = [...sockets];
  for (const socket of all) socket.resetAndDestroy();
  return all.length;
}
