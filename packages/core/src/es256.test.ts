import { generateKeyPairSync, verify } from 'node:crypto';
import { joined, signEs256 } from './es256.ts';

test('signatures verify, also those whose numbers begin with zeros or high bits', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Of 2,000 signatures about 15 have a number that is a byte shorter.
  for (let n = 0; n < 2000; n += 1) {
    const signature = signEs256(`text ${n}`, privateKey);
    const good = verify('sha256', Buffer.from(`text ${n}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
    expect(good).toBe(true);
  }
});

test('short and long numbers are put in their places', () => {
  const long = Buffer.alloc(33, 0xff).fill(0, 0, 1);
  const der = Buffer.from([0x30, 38, 0x02, 1, 0x07, 0x02, 33, ...long]);
  expect(joined(der).toString('hex')).toBe(`${'00'.repeat(31)}07${'ff'.repeat(32)}`);
});
