/**
 * NATS JetStream with its file store, over plain TCP: one stream, a subject and a durable consumer with explicit acks for
 * each reader, message ids for its dedup window. Before version 2.10 it does not fsync messages at all.
 */
import { AckPolicy, RetentionPolicy, StorageType, connect, type JetStreamClient, type NatsConnection } from 'nats';
import type { Connection, Contender } from './contender.ts';
import { freePort, startProgram } from './program.ts';

const STREAM = 'bench';
const ACKS_PENDING_MAX = 10_000;
const SECOND_NS = 1_000_000_000;
const TIMEOUT_MS = 60_000;

const subjectOf = (reader: number): string => `reader.${reader}`;
let published = 0;

export const natsJetStream: Contender = {
  async serve({ directory }) {
    const port = await freePort();
    const args = ['-js', '-sd', directory, '-a', '0.0.0.0', '-p', String(port)];
    const { cpuUs } = await startProgram({ command: 'nats-server', args, debianPackage: 'nats-server', port });
    const connection = await connect({ port });
    const manager = await connection.jetstreamManager();
    await manager.streams.add({
      name: STREAM,
      subjects: ['reader.*'],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      duplicate_window: 120 * SECOND_NS,
    });
    await connection.close();
    return { port, received: () => 0, established: () => 0, cpuUs };
  },
  async connect({ host, port }, index) {
    const connection = await connect({ servers: `${host}:${port}`, maxPingOut: 10 });
    return connectionOf(connection, connection.jetstream({ timeout: TIMEOUT_MS }), index);
  },
};

function connectionOf(connection: NatsConnection, stream: JetStreamClient, index: number): Connection {
  return {
    reader: index,
    publish(reader, body, onStored) {
      const msgID = `${process.pid}-${++published}`;
      void stream.publish(subjectOf(reader), body, { msgID }).then(onStored, (error: unknown) => {
        if (!connection.isClosed()) throw error;
      });
    },
    async read(onEvent) {
      const manager = await connection.jetstreamManager();
      const name = `reader-${index}`;
      await manager.consumers.add(STREAM, {
        durable_name: name,
        filter_subject: subjectOf(index),
        ack_policy: AckPolicy.Explicit,
        max_ack_pending: ACKS_PENDING_MAX,
      });
      const consumer = await stream.consumers.get(STREAM, name);
      await consumer.consume({
        callback: (message) => {
          onEvent(message.data);
          message.ack();
        },
      });
    },
    close: () => connection.close(),
  };
}
