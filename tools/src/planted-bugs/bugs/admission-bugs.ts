/** Bugs of keys on disk, admission, bans, permissions, limits and the audit log. */
import type { PlantedBug } from '../planted-bug.ts';

const node = (path: string): string => `packages/node/${path}`;
const server = (path: string): string => `packages/server/${path}`;

export const ADMISSION_BUGS: readonly PlantedBug[] = [
  {
    name: 'key-file-mode-unchecked',
    breaks: 'S8: a key that others can read is used',
    file: node('src/keys/key-file.ts'),
    from: "if (process.platform !== 'win32' && (stats.mode & ACCESSIBLE_BY_OTHERS) !== 0) {",
    to: "if (process.platform === 'win32') {",
    tests: [node('src/keys/key-file.test.ts')],
  },
  {
    name: 'known-server-overwritten',
    breaks: 'T5: a first contact replaces what is known of a server',
    file: node('src/keys/known-servers.ts'),
    from: "else if (word !== 'trusted' || !known.has(key))",
    to: 'else',
    tests: [node('src/keys/known-servers.test.ts')],
  },
  {
    name: 'file-name-with-a-path',
    breaks: 'F3: a received file lands outside of its folder',
    file: node('src/files/file-name.ts'),
    from: 'if (RESERVED_CHARACTERS.test(name)) return',
    to: "if (name === '/') return",
    tests: [node('src/files/file-name.test.ts')],
  },
  {
    name: 'token-reusable',
    breaks: 'an enrolment token enrols a second agent',
    file: server('src/admission/agent-registry.ts'),
    from: '    if (token !== undefined) this.#redeemed.set(token.tokenId, token.expiresAt);\n    try {',
    to: '    try {',
    tests: [server('src/admission/agent-registry.test.ts'), server('src/admission/admission.test.ts')],
  },
  {
    name: 'token-forgotten-at-restart',
    breaks: 'after a restart a used token is good again',
    file: server('src/admission/agent-registry.ts'),
    from: '        this.#agents.set(agentId, { agentId, key, by, at });\n        if (token !== undefined) this.#redeemed.set(token.tokenId, token.expiresAt);',
    to: '        this.#agents.set(agentId, { agentId, key, by, at });\n        if (token?.expiresAt === 0) this.#redeemed.clear();',
    tests: [server('src/admission/agent-registry.test.ts')],
  },
  {
    name: 'banned-agent-admitted',
    breaks: 'a ban keeps nobody out',
    file: server('src/admission/admission.ts'),
    from: "if (isBanned) return refused('E_BANNED');",
    to: '',
    tests: [server('src/admission/admission.test.ts')],
  },
  {
    name: 'journal-checksum-unverified',
    breaks: 'S5: damage in the file of agents is believed',
    file: server('src/admission/journal.ts'),
    from: 'if (stated === undefined || stated !== checksum(body))',
    to: 'if (stated === undefined)',
    tests: [server('src/admission/journal.test.ts')],
  },
  {
    name: 'resume-token-of-another',
    breaks: 'the session of one agent is taken up by another',
    file: server('src/admission/resume-token.ts'),
    from: 'if (!equalBytes(plaintext.subarray(ISSUED_AT_BYTES + SESSION_ID_BYTES), nameOf(claim))) return undefined;',
    to: '',
    tests: [server('src/admission/resume-token.test.ts')],
  },
  {
    name: 'strangers-unlimited',
    breaks: 'T14: one address takes all places of the handshake',
    file: server('src/limits/connection-gate.ts'),
    from: "if (ofAddress >= limits.unauthenticatedPerAddressMax) return refusal('address', RETRY_BUSY_MS);",
    to: '',
    tests: [server('src/limits/connection-gate.test.ts')],
  },
  {
    name: 'deny-does-not-win',
    breaks: 'A9: what a rule denies another one allows',
    file: server('src/permissions/permissions.ts'),
    from: 'if (rules.some(({ deny }) => deny[action]?.some(deniedBy))) return false;',
    to: '',
    tests: [server('src/permissions/permissions.test.ts')],
  },
  {
    name: 'subscribe-unauthorized',
    breaks: 'A9: the permission check is skipped for one packet, Subscribe',
    file: server('src/delivery/subscriptions.ts'),
    from: ": permissions.authorizePattern(peer, 'subscribe', spec.pattern);",
    to: ": spec.pattern !== '';",
    tests: [server('test/delivery/groups.test.ts'), server('test/delivery/server-events.test.ts')],
  },
  {
    name: 'audit-lines-unchained',
    breaks: 'a line of the audit log can be taken out',
    file: server('src/audit/audit-record.ts'),
    from: "return createHash('sha256').update(before).update(body).digest('hex');",
    to: "return createHash('sha256').update(before.slice(64)).update(body).digest('hex');",
    tests: [server('src/audit/audit-record.test.ts')],
  },
];
