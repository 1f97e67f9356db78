#!/usr/bin/env node
// Entry of the `sealane-agent` command.
import { main } from '@sealane/node/cli';
import { agentProgram } from './commands/index.ts';

await main(agentProgram);
