/**
 * How far a contact is trusted, as a state machine without effects. Everybody begins unverified; comparing safety numbers
 * makes verified. When the identity of a verified contact changes, nothing is sent to it until its user has looked.
 */
import { equalBytes } from '@sealane/shared/bytes';
import { ProtocolError } from '@sealane/shared/errors';
import type { AccountIdentity } from './safety-number.ts';

/** `changed`: it was verified under another identity; sending waits for `acceptIdentity` or `verifyIdentity`. */
export type Trust = 'unverified' | 'verified' | 'changed';

/** What is known of a contact. */
export interface Contact {
  readonly username: string;
  /** The identity that was seen last. */
  readonly identity: AccountIdentity;
  readonly trust: Trust;
  /** Times that the identity was another one than before: shown in the conversation, also of unverified contacts. */
  readonly changes: number;
}

/** A contact that is met for the first time. */
export function newContact(username: string, identity: AccountIdentity): Contact {
  return { username, identity, trust: 'unverified', changes: 0 };
}

/** The contact after its identity was seen in the directory. */
export function seeIdentity(contact: Contact, identity: AccountIdentity): Contact {
  if (isSameIdentity(contact.identity, identity)) return contact;
  // Going back to the identity that was verified does not verify it again: someone holds both.
  const trust = contact.trust === 'unverified' ? 'unverified' : 'changed';
  return { ...contact, identity, trust, changes: contact.changes + 1 };
}

/** The contact after its user compared the safety number of this identity; another one changes nothing. */
export function verifyIdentity(contact: Contact, compared: AccountIdentity): Contact {
  return isSameIdentity(contact.identity, compared) ? { ...contact, trust: 'verified' } : contact;
}

/** The contact after its user accepted the change without comparing: unverified again. Another identity changes nothing. */
export function acceptIdentity(contact: Contact, accepted: AccountIdentity): Contact {
  const isAccepted = contact.trust === 'changed' && isSameIdentity(contact.identity, accepted);
  return isAccepted ? { ...contact, trust: 'unverified' } : contact;
}

/** The contact after its user took the verification back. A change stays one. */
export function unverify(contact: Contact): Contact {
  return contact.trust === 'verified' ? { ...contact, trust: 'unverified' } : contact;
}

/** Whether anything may be sealed for it. */
export function maySendTo(contact: Contact): boolean {
  return contact.trust !== 'changed';
}

/** As `maySendTo`, for who goes no further. @throws ProtocolError `E_UNVERIFIED` where nothing may be sealed for it. */
export function expectSendable(contact: Contact): void {
  if (maySendTo(contact)) return;
  throw new ProtocolError('E_UNVERIFIED', `the identity of "${contact.username}" is not the one that was verified`);
}

/** Whether two identities are one. */
export function isSameIdentity(left: AccountIdentity, right: AccountIdentity): boolean {
  return equalBytes(left.accountId, right.accountId) && equalBytes(left.recoveryKey, right.recoveryKey);
}
