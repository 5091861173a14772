import { BELIEVED_MS, createHoldCache } from './hold-cache.ts';

describe('whether an access token holds', () => {
  let time = 0;
  let asked: string[] = [];
  let answer: () => Promise<boolean> = async () => true;
  const open = () =>
    createHoldCache(
      (grantId, jti) => {
        asked.push(`${grantId} ${jti}`);
        return answer();
      },
      BELIEVED_MS,
      () => time,
    );
  beforeEach(() => {
    time = 1_000_000;
    asked = [];
    answer = async () => true;
  });

  it('is asked once by all who ask at the same time, and known at once for a second from when it was asked', async () => {
    const holds = open();
    expect(await Promise.all([holds('g', 'a'), holds('g', 'a'), holds('g', 'a')])).toEqual([true, true, true]);
    expect(holds('g', 'a')).toBe(true);
    time += BELIEVED_MS - 1;
    expect(holds('g', 'a')).toBe(true);
    expect(asked).toEqual(['g a']);
    time += 1;
    answer = async () => false;
    expect(await holds('g', 'a')).toBe(false);
    expect(asked).toEqual(['g a', 'g a']);
  });

  it('is asked for each token, and anew after a no and after a failure', async () => {
    const holds = open();
    await holds('g', 'a');
    answer = async () => false;
    expect(await holds('g', 'b')).toBe(false);
    expect(await holds('g', 'b')).toBe(false);
    answer = () => Promise.reject(new Error('gone'));
    await expect(holds('h', 'a')).rejects.toThrow('gone');
    await expect(holds('h', 'a')).rejects.toThrow('gone');
    expect(asked).toEqual(['g a', 'g b', 'g b', 'h a', 'h a']);
  });

  it('is remembered of a thousand tokens at most', async () => {
    const holds = open();
    await holds('g', 'first');
    for (let index = 0; index < 1_000; index += 1) await holds('g', String(index));
    asked = [];
    await holds('g', '999');
    await holds('g', 'first');
    expect(asked).toEqual(['g first']);
  });
});
