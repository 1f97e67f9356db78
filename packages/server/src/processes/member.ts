/**
 * Member: one of several processes of a server, as it sees itself. It is handed its connections, and is told when to reload and
 * to end; when the primary dies it ends by itself.
 */
import type { Socket } from 'node:net';
import { setTimeout as startTimer } from 'node:timers';
import { EXIT } from '@sealane/shared/errors';
import type { ListeningSocket, SocketSource } from '../config/index.ts';
import type { ProcessAnswers, ProcessQuestion } from '../admin/index.ts';
import type { AuditFields, AuditRecorder } from '../audit/index.ts';
import { NUMBER_VARIABLE, type FromMember, type MemberStart, type StartFailure, type ToMember } from './messages.ts';

/** What the primary asks for. */
export interface MemberDuties {
  reload(): void;
  drain(): void;
  answer(question: ProcessQuestion): Promise<ProcessAnswers[keyof ProcessAnswers]>;
}

/** How long counts are collected before the primary is told. */
const COUNTS_EVERY_MS = 25;

export class Member implements SocketSource, AuditRecorder {
  /** From 1 on. */
  readonly number: number;
  readonly #started: Promise<MemberStart>;
  #duties: MemberDuties | undefined;
  #onSocket: ((socket: Socket) => void) | undefined;
  #taken = 0;
  #ended = 0;
  #countsWait = false;

  private constructor(number: number) {
    this.number = number;
    const started = Promise.withResolvers<MemberStart>();
    this.#started = started.promise;
    process.on('message', (message: ToMember, socket: Socket | undefined) => {
      if (message.type === 'start') started.resolve(message);
      else if (message.type === 'connection') this.#take(socket);
      else if (message.type === 'question') void this.#answer(message.id, message.question);
      else this.#do(message.type);
    });
    process.on('disconnect', () => this.#do('drain'));
  }

  /** This process as a member; undefined for one that no primary started. */
  static of(environment: Readonly<Record<string, string | undefined>>): Member | undefined {
    const number = Number(environment[NUMBER_VARIABLE]);
    return number > 0 && process.connected ? new Member(number) : undefined;
  }

  /** The token of the admin port; null where there is none. */
  async adminToken(): Promise<string | null> {
    return (await this.#started).adminToken;
  }

  async open(onSocket: (socket: Socket) => void): Promise<ListeningSocket> {
    const { host, port } = await this.#started;
    this.#onSocket = onSocket;
    return {
      host,
      port,
      close: () => {
        this.#onSocket = undefined;
        this.#tell({ type: 'leaving' });
      },
    };
  }

  /** It serves: connections come from now on. */
  ready({ fingerprint }: { readonly fingerprint: string }): void {
    this.#tell({ type: 'ready', fingerprint });
  }

  /** A line for the audit log, which the primary keeps. */
  note(action: string, fields: AuditFields = {}): void {
    this.#tell({ type: 'audit', action, fields: { ...fields, process: this.number } });
  }

  /** It could not start. */
  failed(failure: StartFailure): Promise<void> {
    const { code, message, why, next } = failure;
    return new Promise((resolve) => {
      if (!process.connected) resolve();
      else process.send?.({ type: 'failed', failure: { code, message, why, next } }, () => resolve());
    });
  }

  /** Does from now on what the primary asks for. */
  follow(duties: MemberDuties): void {
    this.#duties = duties;
  }

  /** Asks the primary to end all processes in an orderly way, as a signal to it does. */
  endAll(): void {
    if (process.connected) process.kill(process.ppid, 'SIGTERM');
  }

  #do(duty: 'reload' | 'drain'): void {
    if (this.#duties !== undefined) this.#duties[duty]();
    // Before it serves there is nothing to drain, and what it reads it reads for the first time.
    else if (duty === 'drain') process.exit(EXIT.ok);
  }

  async #answer(id: number, question: ProcessQuestion): Promise<void> {
    try {
      const answer = await this.#duties?.answer(question);
      this.#tell(answer === undefined ? { type: 'answer', id } : { type: 'answer', id, answer });
    } catch {
      this.#tell({ type: 'answer', id });
    }
  }

  #take(socket: Socket | undefined): void {
    this.#taken += 1;
    this.#countSoon();
    // The other end may be gone before it was handed over.
    if (socket === undefined) {
      this.#ended += 1;
      return;
    }
    socket.once('close', () => {
      this.#ended += 1;
      this.#countSoon();
    });
    if (this.#onSocket === undefined) socket.on('error', () => undefined).destroy();
    else this.#onSocket(socket);
  }

  #countSoon(): void {
    if (this.#countsWait) return;
    this.#countsWait = true;
    startTimer(() => {
      this.#countsWait = false;
      this.#tell({ type: 'counts', taken: this.#taken, ended: this.#ended });
      this.#taken = 0;
      this.#ended = 0;
    }, COUNTS_EVERY_MS);
  }

  #tell(message: FromMember): void {
    // Without a primary there is nobody to tell, and this process is on its way out.
    if (process.connected) process.send?.(message, () => undefined);
  }
}
