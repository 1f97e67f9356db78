/** What the peers over TLS share: server and client sockets of `node:tls`, 1.3 only, with the certificates of the run. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Certificates, Target } from './contender.ts';

/** Kinds of keys in certificates. */
export type KeyKind = 'p256' | 'ed25519';

/** How a peer uses TLS. */
export interface TlsUse {
  readonly keys: KeyKind;
  /** Whether clients show a certificate too, which the server insists on. */
  readonly mutual: boolean;
  /** Group of the key exchange; OpenSSL's own choice where undefined. */
  readonly group?: string;
}

const BACKLOG = 4_096;

/** Key and certificate, and the one that the other side must have. */
function identity({ directory }: Certificates, keys: KeyKind): { key: Buffer; cert: Buffer; ca: Buffer } {
  const cert = readFileSync(join(directory, `${keys}.crt`));
  return { key: readFileSync(join(directory, `${keys}.key`)), cert, ca: cert };
}

/** Options of a TLS server. @throws TypeError without certificates. */
export function serverTls(certificates: Certificates | undefined, use: TlsUse): TlsOptions {
  if (certificates === undefined) throw new TypeError('this contender needs certificates');
  const authentication = use.mutual ? { requestCert: true, rejectUnauthorized: true } : {};
  return { ...identity(certificates, use.keys), ...versionAndGroup(use), ...authentication };
}

/** Options of a TLS client; the chain and the name are verified. @throws TypeError without certificates. */
export function clientTls(
  certificates: Certificates | undefined,
  use: TlsUse,
): { ca: Buffer; key?: Buffer; cert?: Buffer } {
  if (certificates === undefined) throw new TypeError('this contender needs certificates');
  const { ca, key, cert } = cachedIdentity(certificates, use.keys);
  return { ca, ...versionAndGroup(use), ...(use.mutual && { key, cert }) };
}

/** Read once: what a client reads from its disk is not compared. */
const identities = new Map<KeyKind, ReturnType<typeof identity>>();
function cachedIdentity(certificates: Certificates, keys: KeyKind): ReturnType<typeof identity> {
  const known = identities.get(keys) ?? identity(certificates, keys);
  identities.set(keys, known);
  return known;
}

function versionAndGroup({ group }: TlsUse): { minVersion: 'TLSv1.3'; ecdhCurve?: string } {
  return { minVersion: 'TLSv1.3', ...(group !== undefined && { ecdhCurve: group }) };
}

/** Listens on a free port of all addresses. */
export async function listenTls(options: TlsOptions, onSocket: (socket: TLSSocket) => void): Promise<number> {
  const server = createServer({ ...options, noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  return await listening(server);
}

/** Resolves with the port once the server listens. */
export async function listening(server: Server): Promise<number> {
  server.listen({ port: 0, host: '0.0.0.0', backlog: BACKLOG });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Connects and verifies the server. */
export async function connectTls(target: Target, use: TlsUse): Promise<TLSSocket> {
  const { host, port, certificates } = target;
  const socket = connect({ host, port, ...clientTls(certificates, use) });
  socket.setNoDelay(true);
  await once(socket, 'secureConnect');
  socket.on('error', () => socket.destroy());
  return socket;
}

/** Ends a socket and waits until it is gone. */
export async function endSocket(socket: TLSSocket): Promise<void> {
  if (socket.destroyed) return;
  const closed = once(socket, 'close');
  socket.end();
  socket.resume();
  await closed;
}

/** Resolves when the socket has sent what it was given, or is gone. */
export function drained(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      socket.off('drain', settle);
      socket.off('close', settle);
      resolve();
    };
    socket.once('drain', settle);
    socket.once('close', settle);
  });
}
