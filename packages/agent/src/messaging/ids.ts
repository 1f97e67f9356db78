/** Names of conversations, and short forms of ids. */
import { fromHex, toHex } from '@sealane/shared/bytes';

/** Name of a conversation with one account. */
export function directConversation(username: string): string {
  return `@${username}`;
}

/** Name of the conversation of a group. */
export function groupConversation(group: Uint8Array): string {
  return `#${toHex(group)}`;
}

/** The group of a conversation's name, undefined for a direct chat. */
export function groupOfConversation(conversation: string): Uint8Array | undefined {
  return conversation.startsWith('#') ? fromHex(conversation.slice(1)) : undefined;
}

/** Lines of a text column; an empty text is no line. */
export function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.split('\n');
}
