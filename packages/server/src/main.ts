#!/usr/bin/env node
// Entry of the `sealane-server` command.
import { version } from './index.ts';

process.stdout.write(`sealane-server ${version}\n`);
