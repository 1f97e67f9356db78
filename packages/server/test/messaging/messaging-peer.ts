/**
 * A device that makes calls of messaging over TCP, and others that no program of ours would make. Not part of the product.
 */
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { GENESIS_PREVIOUS, encodeStatement, statementHash, type StatementContent } from '@sealane/shared/accounts';
import { IdentityKeys } from '@sealane/shared/crypto';
import { errorByNumber } from '@sealane/shared/errors';
import type { ServerMessagingPacket } from '@sealane/shared/items';
import { suitesFor } from '@sealane/shared/wire';
import { encodeRegister, type LoggedIn } from '@sealane/shared/packets';
import { systemRandom } from '@sealane/node/transport';
import { SessionPeer } from '../reliability/session-peer.ts';
import { eventually } from '../eventually.ts';

const DAY_SECONDS = 86_400;

/** An answer to a call. */
export type Answer = Exclude<ServerMessagingPacket, { readonly id: 0x5b }>;

/** Opens a connection, with any suite. */
export async function openPeer(port: number, agentId: string, identity = newKeys()): Promise<SessionPeer> {
  return await SessionPeer.open({ port, agentId, identity, settings: { suites: suitesFor('any') } });
}

export function newKeys(): IdentityKeys {
  return new IdentityKeys(nativeCrypto, systemRandom(32));
}

/** Packets of messaging that a peer has got. */
export function packetsOf(peer: SessionPeer): ServerMessagingPacket[] {
  return peer.events.flatMap((event) => (event.type === 'messaging' ? [event.packet as ServerMessagingPacket] : []));
}

/** Answers to calls, without what comes unasked. */
export function answersOf(peer: SessionPeer): Answer[] {
  return packetsOf(peer).filter((packet): packet is Answer => packet.id !== 0x5b);
}

/** Waits for the answer to a call. @throws Error when the connection ends first. */
export async function answerTo(peer: SessionPeer, call: number): Promise<Answer> {
  const found = (): Answer | undefined => answersOf(peer).find((answer) => answer.call === call);
  await eventually(`the answer to call ${call}`, () => peer.socket.destroyed || found() !== undefined, 20_000);
  const answer = found();
  if (answer === undefined) throw new Error(`ended before the answer to call ${call}: ${String(peer.told)}`);
  return answer;
}

/** What an answer refuses, by name; undefined for one that does not. */
export function refusalIn(answer: Answer): string | undefined {
  return answer.id === 0x5c ? (errorByNumber(answer.code) ?? String(answer.code)) : undefined;
}

/** The signed statements of an account that its first device makes, and what the next ones follow. */
export class AccountPapers {
  readonly username: string;
  readonly recovery = newKeys();
  readonly statements: Uint8Array[] = [];
  readonly #device: IdentityKeys;

  constructor(username: string, agentId: string, device: IdentityKeys) {
    this.username = username;
    this.#device = device;
    const { signingPublicKey: firstSigningKey } = device;
    this.append({ kind: 'genesis', username, recoveryKey: this.recovery.signingPublicKey, firstSigningKey });
    this.append(listing(agentId, device));
  }

  /** Signs the next statement, by the first device or another key. */
  append(content: StatementContent, signer: IdentityKeys = this.#device): Uint8Array {
    const last = this.statements.at(-1);
    const statement = encodeStatement(
      {
        index: this.statements.length,
        previous: last === undefined ? GENESIS_PREVIOUS : statementHash(nativeCrypto, last),
        at: nowSeconds(),
        content,
      },
      signer,
    );
    this.statements.push(statement);
    return statement;
  }
}

/** What a statement says that lists a device. */
export function listing(agentId: string, { static: transport, signingPublicKey: signingKey }: IdentityKeys) {
  const notBefore = nowSeconds() - 60;
  const keys = { transportKey: transport.publicKey, signingKey };
  return { kind: 'add-device', agentId, ...keys, name: '', notBefore, notAfter: notBefore + 90 * DAY_SECONDS } as const;
}

/** A peer registers an account; call number 1. */
export async function register(
  peer: SessionPeer,
  { username, statements }: AccountPapers,
  password: string | null = null,
): Promise<LoggedIn> {
  peer.forge((writer) => encodeRegister(writer, 1, username, password, statements.slice(0, 2), null));
  const answer = await answerTo(peer, 1);
  if (answer.id !== 0x42) throw new Error(`not registered: ${refusalIn(answer)}`);
  return answer;
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}
