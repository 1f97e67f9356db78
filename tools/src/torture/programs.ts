/** The programs that are tortured, and what this machine can do to them. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { works } from '@sealane/node/testing';

/** Words that run them, each with what they are. */
export interface Programs {
  readonly server: readonly string[];
  readonly agent: readonly string[];
  readonly told: string;
}

/** Files of programs; undefined takes what is built, else the sources. */
export interface ProgramFiles {
  readonly server: string | undefined;
  readonly agent: string | undefined;
  /** The sources of both, also where something is built. */
  readonly source: boolean;
}

/** The program dies with the one that started it, however that ends. */
const DIES_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL'];

export function programsOf({ server, agent, source }: ProgramFiles): Programs {
  const isBound = works('setpriv', [...DIES_WITH_PARENT.slice(1), 'true']);
  const wrap = isBound ? DIES_WITH_PARENT : [];
  const chosen = { server: programOf('server', server, source), agent: programOf('agent', agent, source) };
  return {
    server: [...wrap, ...chosen.server.words],
    agent: [...wrap, ...chosen.agent.words],
    told: `server: ${chosen.server.told}; agents: ${chosen.agent.told}`,
  };
}

/** Words before any other program that shall die with this one. */
export function boundToThisProcess({ server }: Programs): readonly string[] {
  return server[0] === DIES_WITH_PARENT[0] ? DIES_WITH_PARENT : [];
}

function programOf(
  name: 'server' | 'agent',
  file: string | undefined,
  source: boolean,
): { readonly words: readonly string[]; readonly told: string } {
  const folder = dirname(fileURLToPath(import.meta.resolve(`@sealane/${name}/package.json`)));
  const bundle = file ?? `${folder}/dist/main.js`;
  if (!source && existsSync(bundle)) {
    // A file in TypeScript imports the sources of this workspace.
    const words = bundle.endsWith('.ts') ? [process.execPath, '--conditions=@sealane/source'] : [process.execPath];
    return { words: [...words, bundle], told: file ?? `packages/${name}/dist/main.js` };
  }
  if (file !== undefined) throw new TypeError(`--${name}: there is no file ${file}`);
  return {
    words: [process.execPath, '--conditions=@sealane/source', `${folder}/src/main.ts`],
    told: `sources of packages/${name}`,
  };
}
