/** What a stranger sends who makes the server compute: the first message of a handshake, with its KEM key. */
import { AgentSession } from '@sealane/shared/session';
import { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS, suitesFor } from '@sealane/shared/wire';
import { createEnvironment, monotonicNow } from '@sealane/node/transport';
import { newIdentity } from '../test-agent.ts';

/** A valid 0x01. */
export function encryptionRequest(): Uint8Array {
  const session = new AgentSession(
    {
      environment: createEnvironment(),
      identity: newIdentity().static,
      suites: suitesFor('pq'),
      limits: DEFAULT_SESSION_LIMITS,
      announced: DEFAULT_PEER_LIMITS,
      build: 'flood',
      agentId: 'flood',
      instance: 'main',
      enrolmentToken: null,
      resumeToken: null,
    },
    monotonicNow(),
  );
  return Buffer.concat(session.takeOutput());
}
