/**
 * The rules of a conversation as pure functions: what edits, deletions, reactions and receipts make of a message. They come
 * in any order and more than once; the result is the same. Who said something is the account that MLS authenticated.
 *
 * 1. Only the author edits and deletes. The latest edit counts, and a deletion is final.
 * 2. One reaction of each account counts: its latest.
 * 3. Receipts come from others than the author, and only move forward.
 */
import { toHex } from '@sealane/shared/bytes';
import type { Content, ContentKind, ReceiptStatus } from './content.ts';

/** The latest that an account reacted with; without an emoji it took it back. */
export interface Reaction {
  readonly emoji: string | undefined;
  readonly at: number;
  /** Hex id of the content: decides between two of the same time. */
  readonly by: string;
}

/** A message as it is shown. Accounts and ids are hexadecimal: a row of a table holds it. */
export interface MessageView {
  readonly id: string;
  readonly author: string;
  readonly at: number;
  readonly kind: ContentKind | 'unknown';
  /** What it says now; of a file its caption; undefined where the kind has none, and once deleted. */
  readonly text: string | undefined;
  /** The edit that counts. */
  readonly edited: { readonly at: number; readonly by: string } | undefined;
  readonly isDeleted: boolean;
  /** By account. */
  readonly reactions: Readonly<Record<string, Reaction>>;
  /** By account. */
  readonly receipts: Readonly<Record<string, ReceiptStatus>>;
}

/** Why a content changes nothing. */
export type RuleBreach =
  | 'other-message'
  | 'not-author'
  | 'author'
  | 'deleted'
  | 'not-editable'
  | 'outdated'
  | 'no-change';

/** Result of `applyContent`. */
export type RuleResult =
  | { readonly ok: true; readonly view: MessageView }
  | { readonly ok: false; readonly breach: RuleBreach };

const EDITABLE: readonly string[] = ['text', 'reply', 'file'];
const SHOWN: readonly string[] = [...EDITABLE, 'call-offer', 'call-end', 'expiry', 'group-name', 'unknown'];
const STATUSES: readonly ReceiptStatus[] = ['delivered', 'read'];

/** A content as a message of its own; undefined for what only changes others, or is never shown. */
export function viewOf(content: Content, author: Uint8Array): MessageView | undefined {
  if (!SHOWN.includes(content.kind)) return undefined;
  const { id, at, kind } = content;
  const empty = { edited: undefined, isDeleted: false, reactions: {}, receipts: {} };
  return { id: toHex(id), author: toHex(author), at, kind, text: textOf(content), ...empty };
}

/** What a content of an account makes of a message that it is about. Never throws. */
export function applyContent(view: MessageView, content: Content, from: Uint8Array): RuleResult {
  const account = toHex(from);
  if (content.kind === 'receipts') return applyReceipts(view, content.body, account);
  if (content.ref === undefined || toHex(content.ref) !== view.id) return breach('other-message');
  switch (content.kind) {
    case 'edit':
      return applyEdit(view, { ...stampOf(content), text: content.body.text }, account);
    case 'delete':
      if (account !== view.author) return breach('not-author');
      if (view.isDeleted) return breach('no-change');
      return { ok: true, view: { ...view, text: undefined, edited: undefined, isDeleted: true, reactions: {} } };
    case 'reaction': {
      const emoji = content.body.isRemoved ? undefined : content.body.emoji;
      return applyReaction(view, { ...stampOf(content), emoji }, account);
    }
    default:
      return breach('no-change');
  }
}

/** How far a message came at all of these accounts (hexadecimal): the least of them; undefined where one has nothing. */
export function leastReceipt(view: MessageView, accounts: readonly string[]): ReceiptStatus | undefined {
  const ranks = accounts.map((account) => rankOf(view.receipts[account]));
  return STATUSES[Math.min(...ranks)];
}

/**
 * When an expiring message ends, in unix ms: counted from its sending at the author's devices, elsewhere from its reading.
 *
 * @returns undefined for one that does not expire, or was not read yet.
 */
export function expiryOf(message: {
  readonly expiresAfter: number;
  readonly isOwn: boolean;
  readonly sentAt: number;
  readonly readAt: number | undefined;
}): number | undefined {
  const from = message.isOwn ? message.sentAt : message.readAt;
  return message.expiresAfter === 0 || from === undefined ? undefined : from + message.expiresAfter * 1_000;
}

interface Stamp {
  readonly at: number;
  readonly by: string;
}

function stampOf({ at, id }: Content): Stamp {
  return { at, by: toHex(id) };
}

/** The later one counts; of two of the same time the one with the higher id, on every device alike. */
function isLater(stamp: Stamp, than: Stamp | undefined): boolean {
  if (than === undefined) return true;
  return stamp.at === than.at ? stamp.by > than.by : stamp.at > than.at;
}

function applyEdit(
  view: MessageView,
  { text, ...stamp }: Stamp & { readonly text: string },
  account: string,
): RuleResult {
  if (account !== view.author) return breach('not-author');
  if (view.isDeleted) return breach('deleted');
  if (!EDITABLE.includes(view.kind)) return breach('not-editable');
  return isLater(stamp, view.edited) ? { ok: true, view: { ...view, text, edited: stamp } } : breach('outdated');
}

function applyReaction(view: MessageView, reaction: Reaction, account: string): RuleResult {
  if (view.isDeleted) return breach('deleted');
  if (!isLater(reaction, view.reactions[account])) return breach('outdated');
  return { ok: true, view: { ...view, reactions: { ...view.reactions, [account]: reaction } } };
}

function applyReceipts(
  view: MessageView,
  { status, messages }: { readonly status: ReceiptStatus; readonly messages: readonly Uint8Array[] },
  account: string,
): RuleResult {
  if (!messages.some((id) => toHex(id) === view.id)) return breach('other-message');
  if (account === view.author) return breach('author');
  if (rankOf(status) <= rankOf(view.receipts[account])) return breach('no-change');
  return { ok: true, view: { ...view, receipts: { ...view.receipts, [account]: status } } };
}

function rankOf(status: ReceiptStatus | undefined): number {
  return status === undefined ? -1 : STATUSES.indexOf(status);
}

function textOf(content: Content): string | undefined {
  if (content.kind === 'text' || content.kind === 'reply') return content.body.text;
  return content.kind === 'file' ? content.body.caption : undefined;
}

function breach(code: RuleBreach): RuleResult {
  return { ok: false, breach: code };
}
