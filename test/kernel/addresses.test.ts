import { addressKey, networkOf } from '../../src/kernel/addresses.js';

test('an address of IPv6 counts by its first 64 bits, one of IPv4 whole, the machine itself not at all', () => {
  expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2');
  expect(addressKey('2001:db8:1:2::9')).toBe(addressKey('2001:0db8:0001:0002:ffff::1'));
  expect(addressKey('2001:db8::1')).toBe('2001:db8:0:0');
  expect(addressKey('fe80::1%eth0')).toBe('fe80:0:0:0');
  expect(addressKey('203.0.113.7')).toBe('203.0.113.7');
  expect(addressKey('::ffff:203.0.113.7')).toBe('203.0.113.7');
  for (const own of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', undefined])
    expect(addressKey(own)).toBeUndefined();
});

test('[P5.5] of an address only the network is kept', () => {
  expect(networkOf('203.0.113.77')).toBe('203.0.113.0/24');
  expect(networkOf('::ffff:203.0.113.77')).toBe('203.0.113.0/24');
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1::/48');
  expect(networkOf('2001:0db8::1')).toBe('2001:db8:0::/48');
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0::/48');
});
