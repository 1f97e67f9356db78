/** The program `sealane-server`: its commands. */
import { version, type ProgramDefinition } from '@sealane/node/cli';
import { doctor } from './doctor.ts';
import { enrol } from './enrol.ts';
import { fingerprint, key, keygen } from './key.ts';
import { serve, serveSettings } from './serve.ts';

export const program: ProgramDefinition = {
  name: 'sealane-server',
  version,
  summary: 'The Sealane server: encrypted connections with agents.',
  application: 'server',
  examples: ['serve', 'enrol --id sensor-7', 'doctor'],
  commands: [serve, enrol, fingerprint, keygen, key, doctor],
  configSettings: serveSettings,
};
