import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';
import { build } from 'esbuild';
import { describe, expect, it } from '@jest/globals';
import { lazyBuiltins } from '../../src/build/lazy-builtins.ts';

const require = createRequire(import.meta.url);

/** Runs code as it is in a bundle. @returns what it exports, and the built-ins that were loaded so far. */
async function bundled(
  contents: string,
): Promise<{ readonly exports: Record<string, () => unknown>; loaded: string[] }> {
  const result = await build({
    stdin: { contents, loader: 'js' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    plugins: [lazyBuiltins],
  });
  const loaded: string[] = [];
  const module = { exports: {} };
  const load = (name: string): unknown => {
    loaded.push(name);
    return require(name);
  };
  const code = result.outputFiles[0]?.text ?? '';
  const run = compileFunction(code, ['module', 'exports', 'require']) as (...all: unknown[]) => void;
  run(module, module.exports, load);
  return { exports: module.exports, loaded };
}

describe('built-ins inside a bundle', () => {
  it.each([
    ["import { createHash } from 'node:crypto';", 'createHash'],
    ["import * as crypto from 'node:crypto';", 'crypto.createHash'],
    ["import crypto from 'crypto';", 'crypto.createHash'],
    ["const crypto = require('node:crypto');", 'crypto.createHash'],
  ])('are loaded when they are used first: %s', async (head, name) => {
    const { exports, loaded } = await bundled(`${head} export const digest = () => ${name}('sha256').digest('hex');`);
    expect(loaded).toEqual([]);
    expect([exports['digest']?.(), exports['digest']?.()]).toEqual(Array(2).fill(expect.stringMatching(/^e3b0c442/)));
    expect(loaded).toEqual(['node:crypto']);
  });

  it('are what they are where a class comes from one, or is one', async () => {
    const { exports } = await bundled(`
      import { Agent } from 'node:https';
      import EventEmitter, { once } from 'node:events';
      import process from 'node:process';
      class Mine extends Agent {}
      export const all = () => [new Mine() instanceof Agent, new EventEmitter().emit('no'), typeof once, process.cwd()];
    `);
    expect(exports['all']?.()).toEqual([true, false, 'function', process.cwd()]);
  });
});
