/**
 * Flooders: peers with valid keys that publish as much as the server takes, each to itself, and never wait for a receipt. One
 * that is told to come again comes as somebody else, who has no events refused yet.
 */
import { connect, type Socket } from 'node:net';
import { monotonicNow } from '@sealane/node/transport';
import { AgentSession } from '@sealane/shared/session';
import { agentSettings, type Target } from './target.ts';

/** Nearly as much as one event may carry. */
const BODY = new Uint8Array(95_000);
/** As much waits to be sent at a time. */
const UNSENT_BYTES_MAX = 262_144;
const PRODUCER = 1;
const PRODUCER_ID = 'siege-siege-sieg';

export function flooder({ host, port }: Target): Socket {
  const settings = agentSettings();
  const session = new AgentSession(settings, monotonicNow());
  const socket = connect({ host, port });
  let number = 0;
  const send = (): void => {
    session.flush(monotonicNow());
    for (const piece of session.takeOutput()) socket.write(piece);
  };
  const publish = (): void => {
    while (session.state === 'Open' && number > 0 && socket.writableLength < UNSENT_BYTES_MAX) {
      session.publish(PRODUCER, number++, 0, `agent:${settings.agentId}`, null, BODY, null, 0, 0, false);
      send();
    }
  };
  socket.on('error', () => undefined);
  socket.on('drain', publish);
  socket.on('data', (chunk: Buffer) => {
    session.receive(chunk, monotonicNow());
    for (let event = session.nextEvent(); event !== undefined; event = session.nextEvent()) {
      if (event.type === 'server-identified') session.trust(monotonicNow());
      if (event.type === 'opened') {
        session.openProducer(PRODUCER, PRODUCER_ID);
        number = 1;
      }
      const isRefused = event.type === 'delivery' && event.packet.id === 0x3c && event.packet.code !== 0;
      if (event.type === 'closed' || isRefused) socket.destroy();
    }
    send();
    publish();
  });
  send();
  return socket;
}
