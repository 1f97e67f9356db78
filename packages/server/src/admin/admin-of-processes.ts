/**
 * AdminOfProcesses: the admin port of several processes, in their primary. What is one for all of them, because it lies in
 * the store that they share, one process answers; what each has its own share of is asked of all and put together: health,
 * metrics, status, the instances of agents. Who may ask is decided here, and by the process again.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { monotonicNow } from '@sealane/node/transport';
import type { Logger } from '@sealane/node/log';
import type { AuditRecorder } from '../audit/index.ts';
import { Access, ruleOfUrl } from './access.ts';
import type { AdminAnswerer } from './admin-answerer.ts';
import { MetricSums } from './metric-sums.ts';
import { serverStatus, type NodeStatus } from './node-status.ts';
import { figure } from './metrics.ts';
import { Problem, problemOf } from './problem.ts';
import type {
  AdminProcesses,
  AdminReply,
  AdminRequest,
  MetricFigures,
  ProcessAnswers,
  ProcessQuestion,
} from './process-questions.ts';
import { fillInstances } from './connected-instances.ts';
import { healthOf, type Readiness } from './readiness.ts';
import { jsonReply, plainHeaders, problemReply, readBody, sendReply } from './plain-http.ts';

export interface ProcessesHost {
  readonly processes: AdminProcesses;
  readonly audit: AuditRecorder;
  readonly log: Logger;
}

/** What one process told. */
type Told<Answer> = readonly [process: number, answer: Answer];

/** Repeating these on another process does nothing twice. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD']);
/** Lists of agents, and one agent. */
const OF_AGENTS = /^\/v1\/agents(\/[^/]+)?$/;

export class AdminOfProcesses implements AdminAnswerer {
  readonly #host: ProcessesHost;
  readonly #access: Access;
  readonly #sums = new MetricSums();

  constructor(host: ProcessesHost, token: string) {
    this.#host = host;
    this.#access = new Access({ token, now: monotonicNow, onRefused: () => host.audit.note('admin-token-refused') });
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request)
      .catch((error: unknown) => this.#replyTo(error, request))
      .then((reply) => sendReply(request, response, reply))
      .catch((error: unknown) => {
        this.#host.log.error('admin: an answer could not be sent', { error });
        response.destroy();
      });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #answer(request: IncomingMessage): Promise<AdminReply> {
    const { method = 'GET', url = '/', headers } = request;
    this.#access.check({ rule: ruleOfUrl(url), headers });
    const [path = ''] = url.split('?');
    if (REPEATABLE.has(method)) {
      const own = await this.#own(path);
      if (own !== undefined) return own;
    }
    const body = await readBody(request);
    const handedOn = { method, url, headers: plainHeaders(headers), ...(body !== undefined && { body }) };
    const [process, reply] = await this.#handOn(handedOn);
    if (method !== 'GET' || reply.status !== 200 || !OF_AGENTS.test(path)) return reply;
    const filled = await fillInstances(reply.body, async (agentIds) => {
      const told = await this.#askAll({ about: 'instances', agentIds }, (each) => each !== process);
      return told.flatMap(([, instances]) => instances);
    });
    return { ...reply, body: filled };
  }

  /** What is put together here; undefined for what a process answers. */
  async #own(path: string): Promise<AdminReply | undefined> {
    switch (path) {
      case '/livez':
        return jsonReply(200, { status: 'ok', reasons: [] });
      case '/readyz': {
        const readiness = await this.#readiness();
        return jsonReply(readiness.isReady ? 200 : 503, healthOf(readiness));
      }
      case '/metrics': {
        const { type, text } = await this.#metrics();
        return { status: 200, headers: { 'content-type': type }, body: text };
      }
      case '/v1/status':
        return jsonReply(200, await this.#status());
      default:
        return undefined;
    }
  }

  /** Ready when every process is. */
  async #readiness(): Promise<Readiness> {
    const { processes } = this.#host;
    if (processes.isDraining) return { isReady: false, reasons: ['draining'] };
    const told = new Map(await this.#askAll({ about: 'readiness' }));
    const all = processes.states().map(({ process, state }): Readiness => {
      const silent = { isReady: false, reasons: [`process-${process}-${state === 'serving' ? 'silent' : state}`] };
      return told.get(process) ?? silent;
    });
    const reasons = new Set(all.flatMap((each) => each.reasons));
    return { isReady: all.every(({ isReady }) => isReady), reasons: [...reasons] };
  }

  async #metrics(): Promise<{ readonly type: string; readonly text: string }> {
    const told = new Map(await this.#askAll({ about: 'metrics' }));
    const living = this.#host.processes.states().flatMap(({ process, pid }) => {
      return pid === undefined ? [] : [{ number: process, pid, told: told.get(process) }];
    });
    await this.#sums.note(living);
    return await this.#sums.text(this.#ownFigures());
  }

  async #status(): Promise<object> {
    const { processes } = this.#host;
    const [first, ...others] = (await this.#askAll({ about: 'status' })).map(([, status]): NodeStatus => status);
    if (first === undefined) throw new Problem('E_BUSY', { detail: 'No process serves yet.' });
    return serverStatus([first, ...others], { draining: processes.isDraining, processes: processes.states() });
  }

  /** Asks all that serve, or some of them; those that do not answer are left out. */
  async #askAll<Question extends ProcessQuestion>(
    question: Question,
    isMeant: (process: number) => boolean = () => true,
  ): Promise<readonly Told<ProcessAnswers[Question['about']]>[]> {
    const asked = this.#serving().filter(isMeant);
    const answers = await Promise.allSettled(asked.map((process) => this.#host.processes.ask(process, question)));
    return answers.flatMap((answer, index) => {
      const process = asked[index];
      return answer.status === 'fulfilled' && process !== undefined ? [[process, answer.value] as const] : [];
    });
  }

  /** One process answers; what changes nothing another one answers when that one ends meanwhile. */
  async #handOn(request: AdminRequest): Promise<Told<AdminReply>> {
    for (const process of this.#serving()) {
      try {
        return [process, await this.#host.processes.ask(process, { about: 'request', request })];
      } catch (error) {
        if (REPEATABLE.has(request.method)) continue;
        this.#host.log.warn('admin: a process ended before it answered', { process, error });
        throw new Problem('E_BUSY', {
          detail: 'The process that worked on it ended or is silent: see whether it was done.',
        });
      }
    }
    throw new Problem(this.#host.processes.isDraining ? 'E_DRAINING' : 'E_BUSY', { detail: 'No process serves now.' });
  }

  #serving(): readonly number[] {
    const serving = this.#host.processes.states().filter(({ state }) => state === 'serving');
    return serving.map(({ process }) => process);
  }

  /** What the primary uses and refuses itself. */
  #ownFigures(): readonly MetricFigures[] {
    const { rss, heapUsed } = process.memoryUsage();
    return [
      figure('rate_limited_total', {
        type: 'counter',
        value: this.#access.limited,
        labels: { limiter: 'admin-token' },
      }),
      figure('process_resident_memory_bytes', { type: 'gauge', value: rss }),
      figure('nodejs_heap_size_used_bytes', { type: 'gauge', value: heapUsed }),
    ];
  }

  #replyTo(error: unknown, { method, url }: IncomingMessage): AdminReply {
    const problem = problemOf(error);
    if (problem === undefined)
      this.#host.log.error('admin: a request failed', { method, path: url?.split('?')[0], error });
    return problemReply(problem ?? new Problem('E_INTERNAL'));
  }
}
