/** What is said when a message that was shown has changed: always of another text, of the rest where it is not seen in place. */
import { escapeText } from '@sealane/shared/bytes';
import { terminalText } from '@sealane/node/cli';
import type { Entry, MessageEntry, NoticeEntry } from './entry.ts';
import { shownName } from './entry-rows.ts';

/** @param isSeen the message was shown anew in its place. */
export function changeNotices(before: MessageEntry, after: MessageEntry, isSeen: boolean): readonly Entry[] {
  const { message, number } = after;
  const was = before.message;
  const who = shownName(message);
  if (message.isDeleted && !was.isDeleted) {
    const isExpired = message.expiresAt !== undefined && message.body === '' && was.body !== '';
    return [
      notice(isExpired ? `#${number} is gone: its time was over, or it was deleted.` : `${who} deleted #${number}.`),
    ];
  }
  if (message.editedAt !== was.editedAt) return [notice(`${who} edited #${number}: ${terminalText(message.body)}`)];
  if (isSeen) return [];
  if (message.state === 'decrypted' && was.state !== 'decrypted') return [notice(`#${number} can be read now:`), after];
  if (message.state === 'failed' && was.state !== 'failed') {
    const reason = message.reason === '' ? '' : ` (${escapeText(message.reason)})`;
    return [{ ...notice(`#${number} could not be sent${reason}: /retry ${number}`), tone: 'error' }];
  }
  return reactionNotices(before, after);
}

function reactionNotices({ message: was }: MessageEntry, { message, number }: MessageEntry): readonly Entry[] {
  return Object.entries(message.reactions)
    .filter(([user, emoji]) => was.reactions[user] !== emoji)
    .map(([user, emoji]) => notice(`${escapeText(user)} reacted to #${number}: ${terminalText(emoji)}`));
}

function notice(text: string): NoticeEntry {
  return { kind: 'notice', tone: 'quiet', text };
}
