import { addressBlock } from './address-block.ts';

describe('the block that a client is counted by', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['', ''],
  ])('%s is %s', (address, block) => {
    expect(addressBlock(address)).toBe(block);
  });

  it('is the same for all addresses of one IPv6 network, and another for the next', () => {
    const block = addressBlock('2001:db8:1:2::1');
    expect(addressBlock('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe(block);
    expect(addressBlock('2001:db8:1:3::1')).not.toBe(block);
  });
});
