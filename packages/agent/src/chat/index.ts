/** Chat: the interactive chat of the command line, over a model of messaging and a terminal. */
export { systemClock } from './chat-clock.ts';
export { ClientModel } from './client-model.ts';
export { runChat } from './run-chat.ts';
