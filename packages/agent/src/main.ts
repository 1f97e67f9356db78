#!/usr/bin/env node
// Entry of the `sealane-agent` command.
import { version } from './index.ts';

process.stdout.write(`sealane-agent ${version}\n`);
