/**
 * Primary: the process that holds the data directory and the port of a server with several processes. It serves nobody itself:
 * it starts the others, deals connections to them (connection-dealer.ts), starts again what ended, and passes signals on.
 */
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers';
import { explained } from '@sealane/node/config';
import { acquireProcessLock, openPrivateDirectory, type ProcessLock } from '@sealane/node/keys';
import type { Logger } from '@sealane/node/log';
import { monotonicNow } from '@sealane/node/transport';
import { ConfigError, ProtocolError, TransportError } from '@sealane/shared/errors';
import type { AdminProcesses, ProcessAnswers, ProcessQuestion, ProcessState } from '../admin/index.ts';
import type { ListeningSocket } from '../config/index.ts';
import { openListener, type Listening } from '../server/index.ts';
import { ConnectionDealer } from './connection-dealer.ts';
import { MemberProcess, type MemberEnd, type MemberOptions, type MemberReady } from './member-process.ts';
import { Restarts } from './restarts.ts';

export interface PrimaryOptions {
  readonly dataDirectory: string;
  readonly host: string;
  /** 0 takes a free one, the same for all. */
  readonly port: number;
  /** How many processes serve. */
  readonly processes: number;
  readonly log: Logger;
  /** Opens the admin port, once the data directory is locked. @returns its token; null where there is none. */
  readonly openAdmin: () => Promise<string | null>;
  /** A process has a line for the audit log. */
  readonly onAudit: MemberOptions['onAudit'];
}

/** Until when processes that were asked to end are killed; they end within 4.5 s by themselves. */
const KILL_AFTER_MS = 4_300;

export class Primary implements AdminProcesses {
  readonly #options: PrimaryOptions;
  readonly #members = new Map<number, MemberProcess>();
  readonly #restarts = new Map<number, Restarts>();
  readonly #restartTimers = new Map<number, NodeJS.Timeout>();
  readonly #dealer = new ConnectionDealer(() => this.#members.values());
  readonly #ready = new Map<number, MemberReady>();
  readonly #allReady = Promise.withResolvers<undefined>();
  readonly #failed = Promise.withResolvers<Error>();
  #lock: ProcessLock | undefined;
  #listener: ListeningSocket | undefined;
  #adminToken: string | null = null;
  #isServing = false;
  #isEnding = false;
  #draining: Promise<void> | undefined;

  constructor(options: PrimaryOptions) {
    this.#options = options;
  }

  /**
   * Takes the data directory and the port, and starts the processes. Resolves when all of them serve.
   *
   * @throws ConfigError, StorageError, TransportError with what to do, also what a process could not start for.
   */
  async listen(): Promise<Listening> {
    const { dataDirectory, host, port, processes, log, openAdmin } = this.#options;
    openPrivateDirectory(dataDirectory);
    this.#lock = await acquireProcessLock(dataDirectory);
    try {
      this.#adminToken = await openAdmin();
      this.#listener = await openListener(
        { host, port },
        {
          pauseOnConnect: true,
          onSocket: (socket) => this.#dealer.deal(socket),
          onError: (error) => log.error('a connection could not be taken', { error }),
        },
      );
      for (let number = 1; number <= processes; number++) this.#start(number);
      const failure = await Promise.race([this.#allReady.promise, this.#failed.promise]);
      if (failure !== undefined) throw failure;
      this.#isServing = true;
      const { host: address, port: taken } = this.#listener;
      return { host: address, port: taken, fingerprint: this.#ready.get(1)?.fingerprint ?? '' };
    } catch (error) {
      await this.drain();
      throw error;
    }
  }

  /** Resolves with the reason when starting processes again is given up. */
  get whenFailed(): Promise<Error> {
    return this.#failed.promise;
  }

  get isDraining(): boolean {
    return this.#isEnding;
  }

  /** What there is of each process now. */
  states(): readonly ProcessState[] {
    return Array.from({ length: this.#options.processes }, (_, index) => {
      const member = this.#members.get(index + 1);
      const uptimeMs = member === undefined ? 0 : monotonicNow() - member.startedAt;
      return {
        process: index + 1,
        pid: member?.pid,
        state: stateOf(member),
        uptimeSeconds: Math.round(uptimeMs / 1_000),
        connections: member?.connections ?? 0,
        restarts: this.#restarts.get(index + 1)?.count ?? 0,
      };
    });
  }

  ask<Question extends ProcessQuestion>(
    process: number,
    question: Question,
  ): Promise<ProcessAnswers[Question['about']]> {
    const member = this.#members.get(process);
    if (member === undefined) return Promise.reject(new TransportError('E_UNREACHABLE', `process ${process} is gone`));
    return member.ask(question);
  }

  /** Every process reads its files again. */
  reload(): void {
    for (const member of this.#members.values()) member.tell({ type: 'reload' });
  }

  /** Takes no more connections and waits until every process has drained; one that takes too long is killed. */
  async drain(): Promise<void> {
    this.#draining ??= this.#drain();
    await this.#draining;
  }

  async #drain(): Promise<void> {
    this.#isEnding = true;
    if (!this.#isServing) this.#failed.resolve(new ProtocolError('E_CANCELLED'));
    this.#listener?.close();
    this.#dealer.close();
    for (const timer of this.#restartTimers.values()) stopTimer(timer);
    const members = [...this.#members.values()];
    for (const member of members) member.tell({ type: 'drain' });
    const killing = startTimer(() => {
      for (const member of this.#members.values()) {
        this.#options.log.error('a process is killed: its orderly end took too long', { process: member.number });
        member.kill();
      }
    }, KILL_AFTER_MS);
    await Promise.all(members.map(({ ended }) => ended));
    stopTimer(killing);
    this.#lock?.release();
  }

  #start(number: number): void {
    const { host = '', port = 0 } = this.#listener ?? {};
    const member = new MemberProcess({
      number,
      start: { host, port, adminToken: this.#adminToken },
      onAudit: this.#options.onAudit,
      onReady: (ready) => this.#onReady(member, ready),
      onEnd: (end) => this.#onEnd(member, end),
    });
    this.#members.set(number, member);
    if (this.#isEnding) member.tell({ type: 'drain' });
  }

  #onReady(member: MemberProcess, ready: MemberReady): void {
    const { log, processes } = this.#options;
    log.info('process serves', { process: member.number, pid: member.pid });
    this.#ready.set(member.number, ready);
    this.#dealer.dealWaiting();
    if (this.#ready.size === processes) this.#allReady.resolve(undefined);
  }

  #onEnd(member: MemberProcess, end: MemberEnd): void {
    const { number } = member;
    this.#members.delete(number);
    if (this.#isEnding) return;
    if (!this.#isServing && end.exit !== 0) {
      this.#failed.resolve(startError(number, end));
      return;
    }
    const restarts = this.#restarts.get(number) ?? new Restarts();
    this.#restarts.set(number, restarts);
    const delayMs = restarts.onEnd(end.livedMs);
    const { exit, signal } = end;
    const seconds = Math.round(end.livedMs / 1_000);
    const about = { process: number, exit, signal, seconds, restarts: restarts.count };
    this.#options.log.error('process ended', { ...about, againInMs: delayMs });
    if (delayMs === undefined) this.#failed.resolve(crashLoop(number, end));
    else {
      const timer = startTimer(() => this.#start(number), delayMs);
      this.#restartTimers.set(number, timer);
    }
  }
}

function stateOf(member: MemberProcess | undefined): ProcessState['state'] {
  if (member === undefined || !member.isReady) return 'starting';
  return member.isLeaving ? 'draining' : 'serving';
}

function startError(number: number, end: MemberEnd): Error {
  if (end.failure === undefined) return ended(`Process ${number} ended before it served`, end);
  const { code, message, why, next } = end.failure;
  return explained(new ConfigError(code, message), { why, next });
}

function crashLoop(number: number, end: MemberEnd): Error {
  const error = ended(`Process ${number} ended again and again soon after its start`, end);
  return explained(error, { next: 'Read in the log why it ended; with --processes 1 it says so itself.' });
}

function ended(what: string, { exit, signal, failure }: MemberEnd): Error {
  const how = signal ?? `exit code ${exit ?? 'unknown'}`;
  const why = failure === undefined ? '' : `: ${failure.message}`;
  return new TransportError(failure?.code ?? 'E_INTERNAL', `${what} (${how})${why}`);
}
