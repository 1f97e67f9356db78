/** Strangers: peers that never prove who they are, and cost what a connection costs. */
import { connect, type Socket } from 'node:net';
import { AgentSession } from '@sealane/shared/session';
import { agentSettings, type Target } from './target.ts';

/** A byte of the handshake now and then, so that it is never done. */
const DRIP_MS = 250;
const GIANTS = [0xffff_ffff, 0xf000_0000, 0x00ff_ffff, 4_097] as const;
const GIANT_FRAME_BYTES = 64;

/** Begins a handshake and drips the rest of it. */
export function slowHandshake(target: Target): Socket {
  const socket = dial(target);
  const request = Buffer.concat(new AgentSession(agentSettings(), 0).takeOutput());
  let sent = Math.floor((request.length / 2) * Math.random());
  socket.write(request.subarray(0, sent));
  const drip = setInterval(() => {
    if (sent < request.length - 1) socket.write(request.subarray(sent, ++sent));
  }, DRIP_MS);
  socket.once('close', () => clearInterval(drip));
  return socket;
}

/** Announces a frame that is larger than any. */
export function giantLength(target: Target): Socket {
  const socket = dial(target);
  const frame = Buffer.alloc(GIANT_FRAME_BYTES);
  frame.writeUInt32BE(GIANTS[Math.floor(Math.random() * GIANTS.length)] ?? GIANTS[0]);
  socket.write(frame);
  return socket;
}

function dial({ host, port }: Target): Socket {
  const socket = connect({ host, port });
  socket.on('error', () => undefined);
  socket.resume();
  return socket;
}
