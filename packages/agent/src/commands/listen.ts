/** listen: stay connected, print the requests that come in and answer each with what it said. */
import { escapeText, toBase64, utf8Decode } from '@sealane/shared/bytes';
import { TEXT_CONTENT_TYPE, type Content, type IncomingRequest } from '@sealane/shared/channel';
import { ProtocolError, SealaneError } from '@sealane/shared/errors';
import { integer, setting } from '@sealane/node/config';
import { defineCommand, type Output } from '@sealane/node/cli';
import { connectionSettings } from './connection-settings.ts';
import { withAgent } from './connection.ts';

export const listenCommand = defineCommand({
  name: 'listen',
  summary: 'Print the requests that come in, and answer each with its own content (echo).',
  life: 'listener',
  settings: {
    ...connectionSettings,
    count: setting(integer({ min: 1, max: 1_000_000_000 }), { help: 'End after this many requests.' }),
  },
  examples: ['listen', 'listen --json --count 10 --timeout 60'],
  async run(context) {
    const { settings, output } = context;
    const enough = Promise.withResolvers<undefined>();
    let taken = 0;
    const answer = async (request: IncomingRequest): Promise<Content> => {
      await print(output, request);
      taken += 1;
      // After the reply is on its way.
      if (taken === settings.count) setImmediate(() => enough.resolve(undefined));
      return echo(request);
    };
    try {
      await withAgent(
        context,
        { instance: 'main', reconnect: true, tellStates: true, prepare: (agent) => void agent.handleOther(answer) },
        async (agent) => {
          const closed = await Promise.race([enough.promise, agent.whenClosed]);
          if (closed !== undefined) throw closed.error ?? new ProtocolError('E_CANCELLED');
        },
      );
    } catch (error) {
      const timeIsUp = error instanceof SealaneError && error.code === 'E_TIMEOUT';
      if (!timeIsUp || settings.count !== undefined) throw error;
    }
  },
});

async function print(output: Output, request: IncomingRequest): Promise<void> {
  const { from, name, body } = request;
  const text = utf8Decode(body);
  const content = text === undefined ? { base64: toBase64(body) } : { text };
  const shown = text === undefined ? `${body.length} bytes` : escapeText(text);
  await output.emit(
    { event: 'request', from, name, ...content },
    `${escapeText(from ?? 'server')} ${escapeText(name)}: ${shown}`,
  );
}

function echo(request: IncomingRequest): Content {
  return request.contentType === TEXT_CONTENT_TYPE ? request.text() : request.body;
}
