/** `top`: the server and its busiest agents on one screen, drawn anew every second; one look where there is no terminal. */
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers';
import { defineCommand, type CommandContext } from '@sealane/node/cli';
import { setting, toggle } from '@sealane/node/config';
import { AdminClient } from './admin-client.ts';
import { dataDirectorySettings } from './settings.ts';
import { parseStatus, statusLines, type ServerStatus } from './status-lines.ts';
import { cellOf, tableLines } from './table.ts';

const topSettings = {
  ...dataDirectorySettings,
  once: setting(toggle(), { help: 'One look, not a screen.', default: false }),
};

type Item = Readonly<Record<string, unknown>>;

/** What one picture is drawn from. */
interface Look {
  readonly at: number;
  readonly status: ServerStatus;
  readonly agents: readonly Item[];
}

const REFRESH_MS = 1_000;
const ROWS_DEFAULT = 24;
const COLUMNS_DEFAULT = 80;
const AGENTS_ONCE = 10;
/** What the other columns of agents take, without the last one. */
const OTHER_COLUMNS = 20;
const ID_CHARACTERS_MIN = 6;
/** Agents that are looked at for the busiest ones. */
const AGENTS_MAX = 2_000;
const [CLEAR, ALTERNATE, NORMAL] = ['\u001b[H\u001b[J', '\u001b[?1049h\u001b[?25l', '\u001b[?25h\u001b[?1049l'];
/** Ctrl-C, which a terminal in raw mode hands over as a character. */
const INTERRUPT = '\u0003';
const HELP = ['q      quit', '?      this help, or back', '', 'Agents are in order of what waits for them.'];

export const top = defineCommand({
  name: 'top',
  summary: 'Watch the server: rates, queues, the busiest agents.',
  life: 'listener',
  settings: topSettings,
  examples: ['top', 'top --once', 'top --once --json'],
  async run(context) {
    const { settings, output, stdin, shutdown } = context;
    const client = new AdminClient(settings.dataDir);
    if (output.json || settings.once || stdin.isTTY !== true || !process.stdout.isTTY) {
      const look = await lookAt(client);
      const lines = [...statusLines(look.status), '', ...agentLines(look.agents, AGENTS_ONCE)];
      await output.emit({ event: 'top', ...look.status, busiest: look.agents.slice(0, AGENTS_ONCE) }, lines.join('\n'));
      return;
    }
    await watch(context, client, shutdown.signal);
  },
});

async function watch(
  context: CommandContext<typeof topSettings>,
  client: AdminClient,
  signal: AbortSignal,
): Promise<void> {
  const { output } = context;
  const keys = new Keys(context);
  let before: Look | undefined;
  await output.raw(ALTERNATE);
  try {
    while (!signal.aborted && !keys.hasQuit) {
      const look = await lookAt(client);
      await output.raw(CLEAR + picture(look, before, keys.showsHelp).join('\r\n'));
      before = look;
      await keys.wait(REFRESH_MS, signal);
    }
  } finally {
    keys.dispose();
    await output.raw(NORMAL);
  }
}

/** As many lines as the terminal has, none wider than it. */
function picture(look: Look, before: Look | undefined, showsHelp: boolean): readonly string[] {
  // A terminal that does not tell its size says 0.
  const rows = process.stdout.rows || ROWS_DEFAULT;
  const columns = process.stdout.columns || COLUMNS_DEFAULT;
  const head = [...statusLines(look.status), rates(look, before), ''];
  const body = showsHelp ? HELP : agentLines(look.agents, rows - head.length - 2, columns - OTHER_COLUMNS);
  const lines = [...head, ...body, ''].slice(0, rows - 1);
  return [...lines, 'q quit   ? help'].map((line) => line.slice(0, columns - 1));
}

function rates({ at, status }: Look, before: Look | undefined): string {
  if (before === undefined) return 'rates    …';
  const seconds = Math.max(0.001, (at - before.at) / 1_000);
  const rate = (name: string): number =>
    Math.round(((status.events[name] ?? 0) - (before.status.events[name] ?? 0)) / seconds);
  return `rates    ${rate('stored')}/s stored, ${rate('delivered')}/s delivered, ${rate('acked')}/s acked`;
}

/** @param idMax widest name of an agent: where there is little room, what waits must be seen all the same. */
function agentLines(agents: readonly Item[], rows: number, idMax = Infinity): readonly string[] {
  const shown = agents.slice(0, Math.max(1, rows - 1));
  const shorten = (id: unknown): string => shortened(String(id), Math.max(ID_CHARACTERS_MIN, idMax));
  const cells = shown.map(({ id, online, waiting, node }) => [shorten(id), ...[online, waiting, node].map(cellOf)]);
  return tableLines(['AGENT', 'ONLINE', 'WAITING', 'NODE'], cells);
}

function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

async function lookAt(client: AdminClient): Promise<Look> {
  const { body } = await client.ask('GET', '/v1/status');
  const agents: Item[] = [];
  for await (const agent of client.list('/v1/agents')) {
    agents.push(agent);
    if (agents.length >= AGENTS_MAX) break;
  }
  agents.sort((left, right) => Number(right['waiting']) - Number(left['waiting']));
  return { at: performance.now(), status: parseStatus(body), agents };
}

/** The keyboard: `q` and Ctrl-C end, `?` shows help. */
class Keys {
  hasQuit = false;
  showsHelp = false;
  readonly #stdin: CommandContext<typeof topSettings>['stdin'];
  #wake: () => void = () => undefined;
  readonly #onData = (bytes: Buffer | string): void => {
    const text = bytes.toString();
    if (text.includes('q') || text.includes(INTERRUPT)) this.hasQuit = true;
    if (text.includes('?')) this.showsHelp = !this.showsHelp;
    this.#wake();
  };

  constructor({ stdin }: CommandContext<typeof topSettings>) {
    this.#stdin = stdin;
    setRaw(true);
    stdin.on('data', this.#onData);
  }

  /** Resolves when a key was pressed, or the time is up. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = startTimer(done, ms);
      function done(): void {
        stopTimer(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      this.#wake = done;
      signal.addEventListener('abort', done);
    });
  }

  dispose(): void {
    this.#stdin.off('data', this.#onData);
    this.#stdin.pause();
    setRaw(false);
  }
}

function setRaw(isRaw: boolean): void {
  if (process.stdin.isTTY) process.stdin.setRawMode(isRaw);
}
