/** A program that chats with itself: the chat on its own terminal, with messaging in memory. `--plain` has lines instead of a screen. */
import { writeFileSync } from 'node:fs';
import { painter } from '@sealane/node/log';
import { runChat } from '../../src/chat/run-chat.ts';
import { MemoryChatModel } from './memory-chat-model.ts';

const model = new MemoryChatModel();
model.receive('alice', 'are you there?');
const send = model.send.bind(model);
// Everybody repeats what they are told, in capitals.
model.send = async (conversation, message) => {
  const sent = await send(conversation, message);
  setImmediate(() => {
    model.change(sent.id, { state: 'sent' });
    model.receive('alice', message.text.toUpperCase(), { conversation });
  });
  return sent;
};

const pidFile = process.env['PID_FILE'];
if (pidFile !== undefined) writeFileSync(pidFile, String(process.pid));

const controller = new AbortController();
for (const signal of ['SIGTERM', 'SIGHUP']) process.once(signal, () => controller.abort());
const isPlain = process.argv.includes('--plain');
await runChat({
  model,
  name: 'alice',
  isPlain,
  paint: painter({ mode: isPlain ? 'never' : 'auto', environment: process.env, stream: process.stdout }),
  stdin: process.stdin,
  stdout: process.stdout,
  process,
  cwd: process.cwd(),
  signal: controller.signal,
});
process.exit(0);
