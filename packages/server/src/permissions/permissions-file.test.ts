import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { readPermissionsFile } from './permissions-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'sealane-permissions-'));
const file = join(directory, 'permissions.json');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('permissions file', () => {
  it('is read', () => {
    writeFileSync(file, '{"version":1,"rules":[{"agents":["a*"],"deny":{"request":["x.>"]}}]}');
    expect(readPermissionsFile(file).authorize({ agentId: 'ada' }, 'request', 'x.y')).toBe(false);
  });

  it.each([
    ['{', 'not valid JSON'],
    ['[]', 'the whole'],
    ['{"version":2,"rules":[]}', '"version"'],
    ['{"version":1,"rules":[],"extra":1}', 'unknown key "extra"'],
    ['{"version":1,"rules":[{"agents":["a"],"deny":{"reqest":[]}}]}', 'unknown key "reqest"'],
    ['{"version":1,"rules":[{"agents":[]}]}', '"rules.0.agents"'],
    ['{"version":1,"rules":[{"agents":["a..b"]}]}', '"rules.0.agents.0"'],
    ['{"version":1,"rules":[{"agents":["a"],"allow":{"request":["x>"]}}]}', '"rules.0.allow.request.0"'],
  ])('D12: %s is refused with the place', (text, place) => {
    writeFileSync(file, text);
    expect(() => readPermissionsFile(file)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
    expect(() => readPermissionsFile(file)).toThrow(place);
    expect(() => readPermissionsFile(file)).toThrow(file);
  });
});
