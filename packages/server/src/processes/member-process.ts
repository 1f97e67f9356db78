/** MemberProcess: one process of a server from its start to its end, as the primary sees it. */
import { fork, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers';
import { monotonicNow } from '@sealane/node/transport';
import { TransportError } from '@sealane/shared/errors';
import type { ProcessAnswers, ProcessQuestion } from '../admin/index.ts';
import type { AuditFields } from '../audit/index.ts';
import { NUMBER_VARIABLE, type FromMember, type MemberStart, type StartFailure, type ToMember } from './messages.ts';

/** How a process ended. */
export interface MemberEnd {
  /** Undefined where a signal ended it. */
  readonly exit: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** Why it could not start, where it said so. */
  readonly failure: StartFailure | undefined;
  readonly livedMs: number;
}

/** What a process says once it serves. */
export type MemberReady = Extract<FromMember, { readonly type: 'ready' }>;

export interface MemberOptions {
  /** From 1 on. */
  readonly number: number;
  readonly start: MemberStart;
  readonly onAudit: (action: string, fields: AuditFields) => void;
  readonly onReady: (ready: MemberReady) => void;
  readonly onEnd: (end: MemberEnd) => void;
}

/** Connections that it has not taken yet; with more it is stuck, and others are asked first. */
const UNTAKEN_MAX = 128;
/** How long a process may think about a request of the admin port, and about a question for figures. */
const REQUEST_MS = 30_000;
const FIGURES_MS = 2_000;

interface Asked {
  readonly resolve: (answer: ProcessAnswers[keyof ProcessAnswers]) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class MemberProcess {
  readonly number: number;
  readonly ended: Promise<void>;
  isReady = false;
  isLeaving = false;
  /** Connections that it has, those on their way included. */
  connections = 0;
  /** Monotonic ms. */
  readonly startedAt = monotonicNow();
  readonly #child: ChildProcess;
  readonly #options: MemberOptions;
  readonly #asked = new Map<number, Asked>();
  #lastQuestion = 0;
  #untaken = 0;
  #failure: StartFailure | undefined;

  constructor(options: MemberOptions) {
    const { number, start, onEnd } = options;
    this.number = number;
    this.#options = options;
    // The same program with the same words and environment: it reads the same settings.
    this.#child = fork(process.argv[1] ?? '', process.argv.slice(2), {
      env: { ...process.env, [NUMBER_VARIABLE]: String(number) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message) => this.#onMessage(message as FromMember));
    this.#child.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.isReady = false;
        for (const id of [...this.#asked.keys()]) this.#onAnswer(id, undefined);
        const livedMs = monotonicNow() - this.startedAt;
        onEnd({ exit: code ?? undefined, signal: signal ?? undefined, failure: this.#failure, livedMs });
        resolve();
      });
    });
    this.tell({ type: 'start', ...start });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it may be handed connections. */
  get takesConnections(): boolean {
    return this.isReady && !this.isLeaving && this.#child.connected;
  }

  /** Whether it has not taken what it was handed. */
  get isStuck(): boolean {
    return this.#untaken >= UNTAKEN_MAX;
  }

  /** Hands a connection over. */
  hand(socket: Socket): void {
    this.connections += 1;
    this.#untaken += 1;
    this.tell({ type: 'connection' }, socket);
  }

  tell(message: ToMember, socket?: Socket): void {
    if (!this.#child.connected) {
      socket?.destroy();
      return;
    }
    this.#child.send(message, socket, {}, (error) => {
      // It died meanwhile: the agent comes again.
      if (error !== null) socket?.destroy();
    });
  }

  /** Asks it something. @throws TransportError where it ends before it has answered, or is silent. */
  ask<Question extends ProcessQuestion>(question: Question): Promise<ProcessAnswers[Question['about']]> {
    const id = ++this.#lastQuestion;
    const { promise, resolve, reject } = Promise.withResolvers<ProcessAnswers[keyof ProcessAnswers]>();
    const waitMs = question.about === 'request' ? REQUEST_MS : FIGURES_MS;
    const timer = startTimer(() => this.#onAnswer(id, undefined), waitMs);
    this.#asked.set(id, { resolve, reject, timer });
    this.tell({ type: 'question', id, question });
    return promise as Promise<ProcessAnswers[Question['about']]>;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #onAnswer(id: number, answer: ProcessAnswers[keyof ProcessAnswers] | undefined): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    stopTimer(asked.timer);
    if (answer !== undefined) asked.resolve(answer);
    else asked.reject(new TransportError('E_TIMEOUT', `process ${this.number} gave no answer`));
  }

  #onMessage(message: FromMember): void {
    const { onReady, onAudit } = this.#options;
    switch (message.type) {
      case 'ready':
        this.isReady = true;
        onReady(message);
        break;
      case 'answer':
        this.#onAnswer(message.id, message.answer);
        break;
      case 'audit':
        onAudit(message.action, message.fields);
        break;
      case 'failed':
        this.#failure = message.failure;
        break;
      case 'counts':
        this.#untaken -= message.taken;
        this.connections -= message.ended;
        break;
      case 'leaving':
        this.isLeaving = true;
        break;
    }
  }
}
