import { expect, it } from '@jest/globals';
import { deriveSecret, deriveTreeSecret, expandWithLabel } from 'ts-mls/crypto/kdf.js';
import { refhash } from 'ts-mls/crypto/hash.js';
import { decryptWithLabel, encryptWithLabel } from 'ts-mls/crypto/hpke.js';
import { signWithLabel, verifyWithLabel } from 'ts-mls/crypto/signature.js';
import { createSecretTree, ratchetToGeneration } from 'ts-mls/secretTree.js';
import { expandSenderDataKey, expandSenderDataNonce } from 'ts-mls/sender.js';
import { RETENTION } from '../../src/mls/index.ts';
import { IMPLEMENTATIONS, describeVectors, hex, toHex } from './mls-wg-file.ts';

interface BasicsCase {
  readonly derive_secret: { readonly label: string; readonly secret: string; readonly out: string };
  readonly derive_tree_secret: {
    readonly label: string;
    readonly secret: string;
    readonly generation: number;
    readonly length: number;
    readonly out: string;
  };
  readonly expand_with_label: {
    readonly label: string;
    readonly secret: string;
    readonly context: string;
    readonly length: number;
    readonly out: string;
  };
  readonly ref_hash: { readonly label: string; readonly value: string; readonly out: string };
  readonly sign_with_label: {
    readonly label: string;
    readonly priv: string;
    readonly pub: string;
    readonly content: string;
    readonly signature: string;
  };
  readonly encrypt_with_label: {
    readonly label: string;
    readonly priv: string;
    readonly pub: string;
    readonly context: string;
    readonly plaintext: string;
    readonly kem_output: string;
    readonly ciphertext: string;
  };
}

describeVectors<BasicsCase>('crypto-basics.json', (cases) => {
  it.each(IMPLEMENTATIONS)('D4: derives, hashes and expands as published (%s)', async (_name, crypto) => {
    const { kdf, hash } = await crypto.suite('classical');
    for (const { derive_secret: secret, derive_tree_secret: tree, expand_with_label: expand, ref_hash: ref } of cases) {
      expect(toHex(await deriveSecret(hex(secret.secret), secret.label, kdf))).toBe(secret.out);
      const derived = await deriveTreeSecret(hex(tree.secret), tree.label, tree.generation, tree.length, kdf);
      expect(toHex(derived)).toBe(tree.out);
      const { label, context, length } = expand;
      expect(toHex(await expandWithLabel(hex(expand.secret), label, hex(context), length, kdf))).toBe(expand.out);
      expect(toHex(await refhash(ref.label, hex(ref.value), hash))).toBe(ref.out);
    }
    expect(cases).toHaveLength(1);
  });

  it.each(IMPLEMENTATIONS)('D4: signs and verifies as published (%s)', async (_name, crypto) => {
    const { signature } = await crypto.suite('classical');
    for (const { sign_with_label: vector } of cases) {
      const { label, priv, pub, content } = vector;
      expect(await verifyWithLabel(hex(pub), label, hex(content), hex(vector.signature), signature)).toBe(true);
      expect(toHex(await signWithLabel(hex(priv), label, hex(content), signature))).toBe(vector.signature);
    }
  });

  it.each(IMPLEMENTATIONS)(
    'D4: opens what others encrypted, and what it encrypts itself (%s)',
    async (_name, crypto) => {
      const { hpke } = await crypto.suite('classical');
      for (const { encrypt_with_label: vector } of cases) {
        const { label, priv, pub, context, plaintext } = vector;
        const open = async (kemOutput: Uint8Array, ciphertext: Uint8Array): Promise<string> =>
          toHex(
            await decryptWithLabel(
              await hpke.importPrivateKey(hex(priv)),
              label,
              hex(context),
              kemOutput,
              ciphertext,
              hpke,
            ),
          );
        expect(await open(hex(vector.kem_output), hex(vector.ciphertext))).toBe(plaintext);
        const { enc, ct } = await encryptWithLabel(
          await hpke.importPublicKey(hex(pub)),
          label,
          hex(context),
          hex(plaintext),
          hpke,
        );
        expect(await open(enc, ct)).toBe(plaintext);
      }
    },
  );
});

interface SecretTreeCase {
  readonly encryption_secret: string;
  readonly sender_data: {
    readonly sender_data_secret: string;
    readonly ciphertext: string;
    readonly key: string;
    readonly nonce: string;
  };
  readonly leaves: readonly (readonly {
    readonly generation: number;
    readonly application_key: string;
    readonly application_nonce: string;
    readonly handshake_key: string;
    readonly handshake_nonce: string;
  }[])[];
}

describeVectors<SecretTreeCase>('secret-tree.json', (cases) => {
  it.each(IMPLEMENTATIONS)('D3: gives the keys of every generation, skipped ones too (%s)', async (_name, crypto) => {
    const suite = await crypto.suite('classical');
    for (const { encryption_secret: secret, sender_data: data, leaves } of cases) {
      const ciphertext = hex(data.ciphertext);
      const dataSecret = hex(data.sender_data_secret);
      expect(toHex(await expandSenderDataKey(suite, dataSecret, ciphertext))).toBe(data.key);
      expect(toHex(await expandSenderDataNonce(suite, dataSecret, ciphertext))).toBe(data.nonce);
      let tree = await createSecretTree(leaves.length, hex(secret), suite.kdf);
      for (const [leafIndex, generations] of leaves.entries()) {
        // From the last to the first: the ones before the last are kept as key and nonce.
        for (const vector of generations.toReversed()) {
          for (const kind of ['application', 'commit'] as const) {
            const reuseGuard = new Uint8Array(4) as Parameters<typeof ratchetToGeneration>[1]['reuseGuard'];
            const senderData = { leafIndex, generation: vector.generation, reuseGuard };
            const step = await ratchetToGeneration(tree, senderData, kind, RETENTION, suite);
            tree = step.newTree;
            const isMessage = kind === 'application';
            expect(toHex(step.key)).toBe(isMessage ? vector.application_key : vector.handshake_key);
            expect(toHex(step.nonce)).toBe(isMessage ? vector.application_nonce : vector.handshake_nonce);
          }
        }
      }
    }
    expect(cases.length).toBeGreaterThan(1);
  });
});
