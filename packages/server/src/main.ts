#!/usr/bin/env node
// Entry of the `sealane-server` command.
import { main } from '@sealane/node/cli';
import { program } from './commands/index.ts';

await main(program);
