import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { adminPortCheck, diskFloorCheck, redisCheck } from './doctor-checks.ts';
import { enrolmentCheck, registrationCheck } from './doctor.ts';

describe('doctor', () => {
  it('warns that NAT or a proxy makes strangers local, where the port is open to others', () => {
    expect(enrolmentCheck('loopback', '0.0.0.0').run()).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('NAT'),
    });
    expect(enrolmentCheck('loopback', '127.0.0.1').run()).toMatchObject({ status: 'ok' });
    expect(enrolmentCheck('open', '127.0.0.1').run()).toMatchObject({ status: 'warn' });
    expect(enrolmentCheck('token', '0.0.0.0').run()).toMatchObject({ status: 'ok' });
  });

  it('C3: the same of accounts, with the flag that helps', () => {
    expect(registrationCheck('loopback', '0.0.0.0').run()).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('NAT'),
      fix: expect.stringContaining('--registration token'),
    });
    expect(registrationCheck('loopback', '::1').run()).toMatchObject({ status: 'ok' });
    expect(registrationCheck('open', '127.0.0.1').run()).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('names'),
    });
    for (const policy of ['token', 'closed'] as const)
      expect(registrationCheck(policy, '0.0.0.0').run()).toEqual({ status: 'ok', detail: policy });
  });

  it('S1: the floor of the disk, below which producers are refused', () => {
    const statuses = [100, 400, 10_000].map((mebibytes) => diskFloorCheck('/', () => mebibytes * 2 ** 20).run());
    expect(statuses).toMatchObject([{ status: 'fail' }, { status: 'warn' }, { status: 'ok' }]);
  });

  it('a Redis that does not answer is told without its address, which may hold a password', async () => {
    const result = await redisCheck('redis://user:secret@127.0.0.1:1/0').run();
    expect(result).toMatchObject({ status: 'fail' });
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  it('C6: an admin port that is taken is a warning where another one may be used, else a failure', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    expect(await adminPortCheck('/nowhere', { port, isDefault: true }).run()).toMatchObject({ status: 'warn' });
    expect(await adminPortCheck('/nowhere', { port, isDefault: false }).run()).toMatchObject({ status: 'fail' });
    await new Promise((resolve) => other.close(resolve));
    expect(await adminPortCheck('/nowhere', { port, isDefault: false }).run()).toMatchObject({ status: 'ok' });
  });
});
