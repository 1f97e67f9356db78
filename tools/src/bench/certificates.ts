/**
 * Certificates for the peers over TLS, made anew for every run by the `openssl` program: `node:crypto` can read X.509
 * but not sign it. Without the program the peers over TLS are left out, and the report says so.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { temporaryFolder } from '../ending/temporary-folder.ts';
import type { Certificates } from './contenders/index.ts';

/** Loopback addresses that the peers are reached at. */
export const LOOPBACK_HOSTS = Array.from({ length: 8 }, (_, index) => `127.0.0.${index + 1}`);

const KEY_OPTIONS = { p256: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], ed25519: ['-newkey', 'ed25519'] };

/** Self-signed certificates of both kinds, or undefined with a notice. Call `remove` when done. */
export function makeCertificates(): (Certificates & { remove(): void }) | undefined {
  const { path: directory, remove } = temporaryFolder('sealane-bench-certificates-');
  const names = ['DNS:localhost', ...LOOPBACK_HOSTS.map((host) => `IP:${host}`)].join(',');
  for (const [kind, keyOptions] of Object.entries(KEY_OPTIONS)) {
    const files = ['-keyout', join(directory, `${kind}.key`), '-out', join(directory, `${kind}.crt`)];
    const subject = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${names}`, '-days', '2', '-nodes'];
    const { status, error, stderr } = spawnSync('openssl', ['req', '-x509', ...keyOptions, ...files, ...subject], {
      encoding: 'utf8',
    });
    if (status === 0) continue;
    console.warn(`NOTICE: no certificates (${error?.message ?? stderr}): the peers over TLS are left out`);
    remove();
    return undefined;
  }
  return { directory, remove };
}
