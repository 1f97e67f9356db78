/** MemberProcess: one process of a server from its start to its end, as the primary sees it. */
import { fork, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { monotonicNow } from '@sealane/node/transport';
import { NUMBER_VARIABLE, type FromMember, type StartFailure, type ToMember } from './messages.ts';

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
  /** Where its connections come to. */
  readonly host: string;
  readonly port: number;
  readonly onReady: (ready: MemberReady) => void;
  readonly onEnd: (end: MemberEnd) => void;
}

/** Connections that it has not taken yet; with more it is stuck, and others are asked first. */
const UNTAKEN_MAX = 128;

export class MemberProcess {
  readonly number: number;
  readonly ended: Promise<void>;
  isReady = false;
  isLeaving = false;
  /** Connections that it has, those on their way included. */
  connections = 0;
  readonly #child: ChildProcess;
  #untaken = 0;
  #failure: StartFailure | undefined;

  constructor(options: MemberOptions) {
    const { number, host, port, onReady, onEnd } = options;
    this.number = number;
    const startedAt = monotonicNow();
    // The same program with the same words and environment: it reads the same settings.
    this.#child = fork(process.argv[1] ?? '', process.argv.slice(2), {
      env: { ...process.env, [NUMBER_VARIABLE]: String(number) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message) => this.#onMessage(message as FromMember, onReady));
    this.#child.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.isReady = false;
        const livedMs = monotonicNow() - startedAt;
        onEnd({ exit: code ?? undefined, signal: signal ?? undefined, failure: this.#failure, livedMs });
        resolve();
      });
    });
    this.tell({ type: 'start', host, port });
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

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #onMessage(message: FromMember, onReady: MemberOptions['onReady']): void {
    switch (message.type) {
      case 'ready':
        this.isReady = true;
        onReady(message);
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
