/** completionSource: the words that a chat knows, for completion. */
import type { ChatContext } from './chat-context.ts';
import type { CompletionSource } from './completion.ts';
import type { ConversationList } from './conversation-list.ts';
import { pathWords } from './path-words.ts';

/** Names of conversations as last listed, others in the open one, paths from the directory of the chat. */
export function completionSource(chat: ChatContext, list: ConversationList): CompletionSource {
  return {
    conversations: () => Promise.resolve(list.all.map(({ name }) => name)),
    members: async () => {
      const id = chat.open?.conversation.id;
      const members = id === undefined ? [] : await chat.model.members(id);
      return members.filter(({ isOwn }) => !isOwn).map(({ username }) => username);
    },
    paths: (begun) => pathWords(begun, chat.cwd),
  };
}
