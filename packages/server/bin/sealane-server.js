#!/usr/bin/env node
// Installed: the bundle. Inside the workspace: the source, so that it never runs something stale.
import { existsSync } from 'node:fs';

const launcher = new URL('../../node/src/launch-source.js', import.meta.url);
if (existsSync(new URL('../../../nx.json', import.meta.url))) {
  const { launchSource } = await import(launcher.href);
  launchSource(new URL('../src/main.ts', import.meta.url));
} else {
  await import('../dist/main.js');
}
