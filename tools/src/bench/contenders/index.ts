/** The contenders by name. Each process loads only the one it runs, so that nobody pays for another's modules. */
import type { Contender } from './contender.ts';
import type { MosquittoUse } from './mosquitto.ts';
import type { TlsUse } from './tls-sockets.ts';

export { NO_READER } from './contender.ts';
export type { Certificates, Connection, Contender, ServerSetup, Serving, Target } from './contender.ts';

const PLAIN: TlsUse = { keys: 'p256', mutual: false };
const HYBRID_GROUP = 'X25519MLKEM768';

const echo = async (use: TlsUse): Promise<Contender> => (await import('./tls-echo.ts')).tlsEcho(use);

const broker = async (use: MosquittoUse): Promise<Contender> => (await import('./mosquitto.ts')).mosquitto(use);

const loaders = {
  sealane: async () => (await import('./sealane.ts')).sealane,
  'sealane-returning': async () => (await import('./sealane-returning.ts')).sealaneReturning,
  'tls-echo': () => echo(PLAIN),
  'tls-bulk': async () => (await import('./tls-bulk.ts')).tlsBulk(PLAIN),
  'tls-msgpackr': async () => (await import('./tls-msgpackr.ts')).tlsMsgpackr,
  'tls-mutual-ed25519': () => echo({ keys: 'ed25519', mutual: true, group: HYBRID_GROUP }),
  'tls-mutual-p256': () => echo({ keys: 'p256', mutual: true, group: HYBRID_GROUP }),
  'wss-one-way': async () => (await import('./wss.ts')).wss('one-way'),
  'wss-requests': async () => (await import('./wss.ts')).wss('requests'),
  'socket-io-tls': async () => (await import('./socket-io.ts')).socketIo('tls'),
  'socket-io-tcp': async () => (await import('./socket-io.ts')).socketIo('tcp'),
  'sealane-events': async () => (await import('./sealane-events.ts')).sealaneEvents,
  'redis-always': async () => (await import('./redis-streams.ts')).redisStreams('always'),
  'redis-everysec': async () => (await import('./redis-streams.ts')).redisStreams('everysec'),
  'nats-jetstream': async () => (await import('./nats-jetstream.ts')).natsJetStream,
  mosquitto: () => broker({ tls: false, save: 'every-30-minutes' }),
  'mosquitto-saving': () => broker({ tls: false, save: 'each-change' }),
  'mosquitto-tls': () => broker({ tls: true, save: 'every-30-minutes' }),
} satisfies Record<string, () => Promise<Contender>>;

export type ContenderName = keyof typeof loaders;

const WITHOUT_TLS: readonly ContenderName[] = [
  'socket-io-tcp',
  'redis-always',
  'redis-everysec',
  'nats-jetstream',
  'mosquitto',
  'mosquitto-saving',
];

/** Whether a contender needs the certificates of the run. */
export function needsCertificates(name: ContenderName): boolean {
  return !name.startsWith('sealane') && !WITHOUT_TLS.includes(name);
}

/** Loads one contender. */
export function loadContender(name: ContenderName): Promise<Contender> {
  return loaders[name]();
}
