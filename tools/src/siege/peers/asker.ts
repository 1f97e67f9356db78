/**
 * Askers: peers with valid keys that ask for more than they read. They keep to the wire, so nothing but what they cost
 * speaks against them.
 */
import { connect, type Socket } from 'node:net';
import { monotonicNow } from '@sealane/node/transport';
import { AgentSession } from '@sealane/shared/session';
import { agentSettings, type Target } from './target.ts';

/** What is asked for: an echo of nearly as much as one request may carry. */
const BODY = new Uint8Array(190_000);
/** As much waits to be sent at a time. */
const UNSENT_BYTES_MAX = 524_288;
const SLOW_BYTES_PER_SECOND = 8_192;
const SIP_MS = 250;

/** Asks as much as it may and never reads what comes. */
export function deafPeer(target: Target): Socket {
  return new Asker(target).socket;
}

/** Asks as much as it may and reads a little of it. */
export function slowReader(target: Target): Socket {
  const asker = new Asker(target);
  const sip = setInterval(() => asker.read((SLOW_BYTES_PER_SECOND * SIP_MS) / 1_000), SIP_MS);
  asker.socket.once('close', () => clearInterval(sip));
  return asker.socket;
}

class Asker {
  readonly socket: Socket;
  readonly #session = new AgentSession(agentSettings(), monotonicNow());

  constructor({ host, port }: Target) {
    this.socket = connect({ host, port });
    this.socket.on('error', () => undefined);
    this.socket.on('drain', () => this.#ask());
    this.socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#send();
  }

  /** Takes up to so many bytes of what has come. */
  read(bytes: number): void {
    const chunk = this.socket.read(Math.min(bytes, this.socket.readableLength)) as Buffer | null;
    if (chunk !== null) this.#receive(chunk);
  }

  #receive(chunk: Buffer): void {
    const session = this.#session;
    session.receive(chunk, monotonicNow());
    for (let event = session.nextEvent(); event !== undefined; event = session.nextEvent()) {
      if (event.type === 'server-identified') session.trust(monotonicNow());
      if (event.type === 'opened') this.#stopReading();
      if (event.type === 'closed') this.socket.destroy();
    }
    this.#ask();
  }

  #stopReading(): void {
    this.socket.removeAllListeners('data');
    this.socket.pause();
  }

  #ask(): void {
    const session = this.#session;
    const request = { name: 'echo', body: BODY, contentType: null, timeoutMs: 0, to: null, from: null };
    while (session.state === 'Open' && this.socket.writableLength < UNSENT_BYTES_MAX) {
      if (session.request(request, monotonicNow()) === undefined) break;
      this.#send();
    }
    this.#send();
  }

  #send(): void {
    this.#session.flush(monotonicNow());
    for (const piece of this.#session.takeOutput()) this.socket.write(piece);
  }
}
