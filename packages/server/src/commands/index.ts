/** The program `sealane-server`: its commands. */
import { version, type ProgramDefinition } from '@sealane/node/cli';
import { agents, bans } from './agents.ts';
import { audit } from './audit.ts';
import { backup, restore } from './backup.ts';
import { dlq } from './dlq.ts';
import { doctor } from './doctor.ts';
import { enrol } from './enrol.ts';
import { events, publish } from './events.ts';
import { fingerprint, key, keygen } from './key.ts';
import { serve, serveSettings } from './serve.ts';
import { drain, status } from './status.ts';
import { top } from './top.ts';
import { usage } from './usage.ts';

export const program: ProgramDefinition = {
  name: 'sealane-server',
  version,
  summary: 'The Sealane server: encrypted connections with agents.',
  application: 'server',
  examples: ['serve', 'enrol --id sensor-7', 'doctor'],
  commands: [
    ...[serve, enrol, fingerprint, keygen, key, doctor],
    ...[status, top, agents, bans, events, publish, dlq, usage],
    ...[drain, backup, restore, audit],
  ],
  configSettings: serveSettings,
};
