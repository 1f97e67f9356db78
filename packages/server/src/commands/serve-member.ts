/** What one of several processes has in place of an admin port and an audit log of its own: both are the primary's. */
import type { Logger } from '@sealane/node/log';
import { keepAuditTrail, loadMemberAdmin, type ProcessAnswers, type ProcessQuestion } from '../admin/index.ts';
import type { Member } from '../processes/index.ts';
import type { Server } from '../server/index.ts';
import { adminHost } from './serve-admin.ts';

export class ServeMember {
  readonly #server: Server;
  readonly #member: Member;
  readonly #about: { readonly dataDirectory: string; readonly log: Logger };
  #admin: ReturnType<typeof loadMemberAdmin> | undefined;

  constructor(server: Server, member: Member, about: { readonly dataDirectory: string; readonly log: Logger }) {
    this.#server = server;
    this.#member = member;
    this.#about = about;
  }

  /** Tells the primary from now on what its audit log has to know. */
  open(): void {
    keepAuditTrail(this.#server, this.#member);
  }

  /** Loads what questions are answered with, where there is an admin port to ask them. */
  async load(): Promise<void> {
    const token = await this.#member.adminToken();
    if (token === null) return;
    const about = { ...this.#about, server: this.#server, beginDrain: () => this.#member.endAll() };
    this.#admin ??= loadMemberAdmin(adminHost(this.#member, about), token);
    await this.#admin;
  }

  /** @throws TypeError where there is no admin port. */
  async answer(question: ProcessQuestion): Promise<ProcessAnswers[keyof ProcessAnswers]> {
    await this.load();
    if (this.#admin === undefined) throw new TypeError('nobody may ask: there is no admin port');
    return await (await this.#admin).answer(question);
  }

  async close(): Promise<void> {
    await (await this.#admin?.catch(() => undefined))?.close();
  }
}
