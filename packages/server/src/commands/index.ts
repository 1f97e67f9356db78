/** The program `sealane-server`: its commands. */
import { version, type ProgramDefinition } from '@sealane/node/cli';
import { serve } from './serve.ts';

export const program: ProgramDefinition = {
  name: 'sealane-server',
  version,
  summary: 'The Sealane server: encrypted connections with agents.',
  application: 'server',
  examples: ['serve', 'enrol --id sensor-7', 'doctor'],
  commands: [serve],
};
