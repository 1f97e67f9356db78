/**
 * Mosquitto with QoS 1 and persistence: a topic and a persistent session for each reader. It writes its database at
 * intervals (30 minutes by default) or, where told to, after each change; it never fsyncs before it acknowledges.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { NO_READER, type Connection, type Contender, type Target } from './contender.ts';
import { freePort, startProgram } from './program.ts';
import { clientTls, type TlsUse } from './tls-sockets.ts';

export interface MosquittoUse {
  readonly tls: boolean;
  /** When the database is written. */
  readonly save: 'each-change' | 'every-30-minutes';
}

const TLS: TlsUse = { keys: 'p256', mutual: false };
const KEEP_ALIVE_SECONDS = 5;
const AUTOSAVE = {
  'each-change': ['autosave_on_changes true', 'autosave_interval 1'],
  'every-30-minutes': ['autosave_interval 1800'],
};

export function mosquitto(use: MosquittoUse): Contender {
  return {
    async serve({ directory, certificates }) {
      const port = await freePort();
      const files = certificates?.directory ?? '';
      const tls = [`certfile ${join(files, 'p256.crt')}`, `keyfile ${join(files, 'p256.key')}`, 'tls_version tlsv1.3'];
      const lines = [
        `listener ${port} 0.0.0.0`,
        ...(use.tls ? tls : []),
        'allow_anonymous true',
        'persistence true',
        `persistence_location ${directory}/`,
        ...AUTOSAVE[use.save],
        // Its defaults, 20 and 1,000, would bound the rate and drop events.
        'max_inflight_messages 0',
        'max_queued_messages 0',
        'set_tcp_nodelay true',
        'log_type none',
        'user root',
      ];
      const file = join(directory, 'mosquitto.conf');
      writeFileSync(file, `${lines.join('\n')}\n`);
      const { cpuUs } = await startProgram({
        command: 'mosquitto',
        args: ['-c', file],
        debianPackage: 'mosquitto',
        port,
      });
      return { port, received: () => 0, established: () => 0, cpuUs };
    },
    async connect(target, index) {
      if (index === 0) await subscribeAndLeave(use, target);
      return connectionOf(await connectClient(use, target, index), index);
    },
  };
}

const topicOf = (reader: number): string => `reader/${reader}`;

async function connectClient(use: MosquittoUse, { host, port, certificates }: Target, index: number) {
  const options: IClientOptions = {
    clientId: index === NO_READER ? 'bench-away' : `bench-${index}`,
    clean: false,
    keepalive: KEEP_ALIVE_SECONDS,
    reconnectPeriod: 0,
    ...(use.tls && clientTls(certificates, TLS)),
  };
  return await connectAsync(`${use.tls ? 'mqtts' : 'mqtt'}://${host}:${port}`, options);
}

/** Without a session that wants it, the broker would store nothing. */
async function subscribeAndLeave(use: MosquittoUse, target: Target): Promise<void> {
  const client = await connectClient(use, target, NO_READER);
  await client.subscribeAsync(topicOf(NO_READER), { qos: 1 });
  await client.endAsync();
}

function connectionOf(client: MqttClient, index: number): Connection {
  return {
    reader: index,
    publish(reader, body, onStored) {
      client.publish(topicOf(reader), body as Buffer, { qos: 1 }, (error) => {
        if (!error) onStored();
        else if (client.connected) throw error;
      });
    },
    async read(onEvent) {
      client.on('message', (_topic, payload) => onEvent(payload));
      await client.subscribeAsync(topicOf(index), { qos: 1 });
    },
    async close() {
      await client.endAsync(true);
    },
  };
}
