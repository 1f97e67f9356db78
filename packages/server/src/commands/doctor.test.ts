import { describe, expect, it } from '@jest/globals';
import { enrolmentCheck } from './doctor.ts';

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
});
