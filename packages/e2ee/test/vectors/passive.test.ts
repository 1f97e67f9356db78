import { expect, it } from '@jest/globals';
import {
  bytesToBase64,
  joinGroup,
  makePskIndex,
  processPrivateMessage,
  processPublicMessage,
  type ClientState,
  type CiphersuiteImpl,
} from 'ts-mls';
import { defaultClientConfig } from 'ts-mls/clientConfig.js';
import { decodeRatchetTree } from 'ts-mls/ratchetTree.js';
import { decodeMessage, type MlsCrypto } from '../../src/mls/index.ts';
import { IMPLEMENTATIONS, describeVectors, hex, toHex } from './mls-wg-file.ts';

interface PassiveCase {
  readonly external_psks: readonly { readonly psk_id: string; readonly psk: string }[];
  readonly key_package: string;
  readonly signature_priv: string;
  readonly encryption_priv: string;
  readonly init_priv: string;
  readonly welcome: string;
  readonly ratchet_tree: string | null;
  readonly initial_epoch_authenticator: string;
  readonly epochs: readonly {
    readonly proposals: readonly string[];
    readonly commit: string;
    readonly epoch_authenticator: string;
  }[];
}

/** The same code over primitives that have vectors of their own: one group of the random ones has 200 epochs. */
const WEB_EPOCHS_MAX = 40;

async function join(
  vector: PassiveCase,
  psks: Record<string, Uint8Array>,
  suite: CiphersuiteImpl,
): Promise<ClientState> {
  const welcome = decodeMessage(hex(vector.welcome), ['mls_welcome']);
  const keyPackage = decodeMessage(hex(vector.key_package), ['mls_key_package']);
  if (welcome === undefined || keyPackage === undefined) throw new TypeError('a vector does not decode');
  const tree = vector.ratchet_tree === null ? undefined : decodeRatchetTree(hex(vector.ratchet_tree), 0)?.[0];
  const privateKeys = {
    initPrivateKey: hex(vector.init_priv),
    hpkePrivateKey: hex(vector.encryption_priv),
    signaturePrivateKey: hex(vector.signature_priv),
  };
  const index = makePskIndex(undefined, psks);
  // These credentials are nobody's here: they are judged by no log, in these tests only.
  const config = defaultClientConfig;
  return await joinGroup(welcome.welcome, keyPackage.keyPackage, privateKeys, index, suite, tree, undefined, config);
}

async function follow(vector: PassiveCase, crypto: MlsCrypto): Promise<string[]> {
  const suite = await crypto.suite('classical');
  const psks = Object.fromEntries(
    vector.external_psks.map(({ psk_id: id, psk }) => [bytesToBase64(hex(id)), hex(psk)]),
  );
  let state = await join(vector, psks, suite);
  const authenticators = [toHex(state.keySchedule.epochAuthenticator)];
  for (const { proposals, commit } of vector.epochs) {
    for (const bytes of [...proposals, commit]) {
      const message = decodeMessage(hex(bytes), ['mls_private_message', 'mls_public_message']);
      if (message === undefined) throw new TypeError('a vector does not decode');
      const index = makePskIndex(state, psks);
      const { newState } =
        message.wireformat === 'mls_private_message'
          ? await processPrivateMessage(state, message.privateMessage, index, suite)
          : await processPublicMessage(state, message.publicMessage, index, suite);
      state = newState;
    }
    authenticators.push(toHex(state.keySchedule.epochAuthenticator));
  }
  return authenticators;
}

for (const file of [
  'passive-client-welcome.json',
  'passive-client-handling-commit.json',
  'passive-client-random.json',
]) {
  describeVectors<PassiveCase>(file, (cases) => {
    it.each(IMPLEMENTATIONS)(
      'D5: follows groups of other implementations (%s)',
      async (name, crypto) => {
        for (const whole of cases) {
          const vector = { ...whole, epochs: whole.epochs.slice(0, name === 'web' ? WEB_EPOCHS_MAX : undefined) };
          const expected = vector.epochs.map(({ epoch_authenticator: authenticator }) => authenticator);
          expect(await follow(vector, crypto)).toEqual([vector.initial_epoch_authenticator, ...expected]);
        }
        expect(cases.length).toBeGreaterThan(0);
      },
      60_000,
    );
  });
}
