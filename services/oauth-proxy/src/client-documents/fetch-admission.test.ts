import { createFetchAdmission, FETCHES_AT_ONCE, FETCHES_PER_ADDRESS, FETCHES_PER_MINUTE } from './fetch-admission.ts';

describe('the admission of fetches', () => {
  it('is bounded for one address, and all of its /64', () => {
    let time = 0;
    const admission = createFetchAdmission(() => time);
    for (let n = 0; n < FETCHES_PER_ADDRESS; n += 1) admission.admit(`2001:db8::${n}`)?.();
    expect(admission.admit('2001:db8::ffff')).toBeUndefined();
    expect(admission.admit('203.0.113.1')).toBeDefined();
    time = 60_000;
    expect(admission.admit('2001:db8::ffff')).toBeDefined();
  });

  it('is bounded for all addresses together', () => {
    const admission = createFetchAdmission(() => 0);
    for (let n = 0; n < FETCHES_PER_MINUTE; n += 1) admission.admit(`203.0.113.${n}`)?.();
    expect(admission.admit('198.51.100.1')).toBeUndefined();
    expect(admission.admit(undefined)).toBeUndefined();
  });

  it('is bounded at one moment', () => {
    const admission = createFetchAdmission(() => 0);
    const done = Array.from({ length: FETCHES_AT_ONCE }, (_, n) => admission.admit(`203.0.113.${n}`));
    expect(admission.admit('198.51.100.1')).toBeUndefined();
    done[0]?.();
    expect(admission.admit('198.51.100.1')).toBeDefined();
  });
});
