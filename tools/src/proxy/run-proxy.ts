/** The proxy as a program: it says where it listens, and of each connection how much went through it. */
import { once } from 'node:events';
import { FaultProxy, type ProxiedConnection } from '@sealane/node/testing';
import type { ProxyOptions } from './options.ts';

/** Runs until `stop`. @throws Error when it cannot listen. */
export async function runProxy(
  { listen, target, faults, seed, json }: ProxyOptions,
  stop: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  const onEnd = (connection: ProxiedConnection): void => print(json ? endRecord(connection) : endLine(connection));
  const proxy = await FaultProxy.start({ target, listenOn: listen, seed, faults, onEnd });
  const { port } = proxy;
  const text = `Listening on ${listen.host}:${port}, for ${target.host}:${target.port}; seed ${seed}.`;
  print(json ? JSON.stringify({ event: 'listening', port, seed, faults }) : text);
  if (!stop.aborted) await once(stop, 'abort');
  await proxy.stop();
}

function endRecord({ number, toServer, toAgent }: ProxiedConnection): string {
  const [up, down] = [toServer, toAgent].map(({ bytes, frames, faults }) => ({ bytes, frames, faults }));
  return JSON.stringify({ event: 'connection', number, toServer: up, toAgent: down });
}

function endLine({ number, toServer, toAgent }: ProxiedConnection): string {
  const [up, down] = [toServer, toAgent].map(({ bytes, frames, faults }) => {
    const had = Object.entries(faults).map(([name, amount]) => ` ${name}=${amount}`);
    return `${bytes} bytes, ${frames} frames${had.length === 0 ? '' : `,${had.join('')}`}`;
  });
  return `Connection ${number} ended. To the server: ${up}. To the agent: ${down}.`;
}
