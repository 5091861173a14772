import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { hashSync } from 'bcryptjs';
import { type Bcrypt, openBcrypt } from './bcrypt.ts';
import { mintToken } from './token.ts';
import { changeTokenFile, formatTime, type TokenEntry } from './token-file.ts';
import { openTokenStore, type TokenStore, type TokenVerdict } from './token-store.ts';

/** The pool, with a count of what was spent and a gate that can hold comparisons back. */
interface CountingBcrypt extends Bcrypt {
  verified: string[];
  gate: Promise<void>;
}

let pool: Bcrypt;
let bcrypt: CountingBcrypt;
let folder: string;
let file: string;
let clock: number;
const stores: TokenStore[] = [];

beforeAll(() => {
  pool = openBcrypt({ threads: 1 });
});

afterAll(() => pool.close());

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'token-store-'));
  file = path.join(folder, 'tokens.json');
  clock = Date.now();
  const counting: CountingBcrypt = {
    ...pool,
    verified: [],
    gate: Promise.resolve(),
    async verify(secret, hash) {
      counting.verified.push(secret);
      await counting.gate;
      return pool.verify(secret, hash);
    },
  };
  bcrypt = counting;
});

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await rm(folder, { recursive: true, force: true });
});

async function open(options: { watch?: boolean; pollMs?: number } = {}): Promise<TokenStore> {
  const store = await openTokenStore({ file, bcrypt, now: () => clock, ...options });
  stores.push(store);
  return store;
}

/** Adds an entry with a cheap hash (cost 4: the store does not care) and gives its token. */
async function add(
  fields: Partial<TokenEntry> = {},
): Promise<{ token: string; lookup: string; secret: string; id: string }> {
  const minted = mintToken();
  const id = await changeTokenFile(
    file,
    (current) => {
      const entry: TokenEntry = {
        id: `tok_main_${String(current.tokens.length + 1).padStart(3, '0')}`,
        hash: hashSync(minted.secret, 4),
        created_at: formatTime(clock),
        label: 'test',
        lookup: minted.lookup,
        scopes: ['content:read'],
        ...fields,
      };
      return { next: { ...current, tokens: [...current.tokens, entry] }, result: entry.id };
    },
    { create: true },
  );
  return { ...minted, id };
}

function edit(id: string, fields: Partial<TokenEntry>): Promise<void> {
  return changeTokenFile(file, (current) => ({
    next: { tokens: current.tokens.map((entry) => (entry.id === id ? { ...entry, ...fields } : entry)) },
    result: undefined,
  }));
}

function nextChange(store: TokenStore): Promise<unknown> {
  return new Promise((resolve) => {
    const end = store.onChange((change) => {
      end();
      resolve(change);
    });
  });
}

const wrong = (lookup: string) => `hmcp_${lookup}_${mintToken().secret}`;

describe('verify', () => {
  test('a good token gives its id, label and scopes', async () => {
    const { token } = await add({ label: 'claude.ai production', scopes: ['content:read', 'mcp', 'unknown'] });
    const store = await open();
    await expect(store.verify(token, '1.2.3.4')).resolves.toEqual({
      ok: true,
      id: 'tok_main_001',
      label: 'claude.ai production',
      scopes: new Set(['content:read', 'content:write']),
    });
  });

  test('an entry that names no scopes allows what the legacy scope stands for', async () => {
    const { token } = await add({ scopes: null });
    const verdict = await (await open()).verify(token, 'a');
    expect(verdict.ok && [...verdict.scopes]).toEqual(['content:read', 'content:write']);
  });

  test('malformed, unknown, expired and revoked tokens cost no bcrypt and are told apart', async () => {
    const expired = await add({ expires_at: formatTime(clock - 1000) });
    const revoked = await add({ revoked_at: formatTime(clock - 1000) });
    const store = await open();
    expect(store.verify('', 'a')).toEqual({ ok: false, reason: 'malformed' });
    expect(store.verify(`${expired.token}0`, 'a')).toEqual({ ok: false, reason: 'malformed' });
    expect(store.verify(expired.token.slice(0, -1), 'a')).toEqual({ ok: false, reason: 'malformed' });
    expect(await store.verify(mintToken().token, 'a')).toEqual({ ok: false, reason: 'unknown' });
    expect(await store.verify(expired.token, 'a')).toEqual({ ok: false, reason: 'expired' });
    expect(await store.verify(revoked.token, 'a')).toEqual({ ok: false, reason: 'revoked' });
    expect(bcrypt.verified).toEqual([]);
  });

  test('a wrong secret with a right lookup does not pass', async () => {
    const { lookup } = await add();
    const store = await open();
    await expect(store.verify(wrong(lookup), 'a')).resolves.toEqual({ ok: false, reason: 'mismatch' });
  });

  test('an entry of the system before never authenticates', async () => {
    const { token } = await add({ lookup: undefined });
    const store = await open();
    expect(store.ready()).toBe(true);
    expect(await store.verify(token, 'a')).toEqual({ ok: false, reason: 'unknown' });
    expect(bcrypt.verified).toEqual([]);
  });
});

describe('memory', () => {
  test('a verified token is answered at once, without a promise and without bcrypt', async () => {
    const { token } = await add();
    const store = await open();
    const first = await store.verify(token, 'a');
    expect(store.verify(token, 'b')).toEqual(first);
    expect(bcrypt.verified).toHaveLength(1);
  });

  test('at the same time one token costs one bcrypt', async () => {
    const { token } = await add();
    const store = await open();
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => store.verify(token, 'a')));
    expect(verdicts.every(({ ok }) => ok)).toBe(true);
    expect(bcrypt.verified).toHaveLength(1);
  });

  test('it lasts less than 5 seconds', async () => {
    const { token } = await add();
    const store = await open();
    await store.verify(token, 'a');
    clock += 5000;
    expect(store.verify(token, 'a')).toBeInstanceOf(Promise);
    await store.verify(token, 'a');
    expect(bcrypt.verified).toHaveLength(2);
  });

  test('a token in steady use never waits: it is verified again in the background after half of that time', async () => {
    const { token } = await add();
    const store = await open();
    await store.verify(token, 'a');
    for (let second = 0; second < 20; second += 1) {
      clock += 1000;
      expect(store.verify(token, 'a')).toMatchObject({ ok: true });
      await settled(() => bcrypt.verified.length >= 1 + Math.floor((second + 1) / 3));
      await pool.verify('x', hashSync('x', 4));
      await store.verify(token, 'a');
    }
    expect(bcrypt.verified.length).toBeGreaterThan(5);
    expect(bcrypt.verified.length).toBeLessThan(12);
  });

  test('a clock that goes back ends the memory instead of making it longer', async () => {
    const { token } = await add();
    const store = await open();
    await store.verify(token, 'a');
    clock -= 60_000;
    expect(store.verify(token, 'a')).toBeInstanceOf(Promise);
  });

  test('expiry is checked on every use, also of a remembered token', async () => {
    const { token } = await add({ expires_at: formatTime(clock + 3000) });
    const store = await open();
    expect(await store.verify(token, 'a')).toMatchObject({ ok: true });
    clock = Math.floor(clock / 1000) * 1000 + 3000;
    expect(store.verify(token, 'a')).toEqual({ ok: false, reason: 'expired' });
  });

  test('every change of the file ends it; touching the file does not', async () => {
    const { token } = await add();
    const store = await open({ watch: false, pollMs: 3_600_000 });
    const look = async () => {
      clock += 1000;
      await store.verify(mintToken().token, 'a');
    };
    await store.verify(token, 'a');
    await utimes(file, 1, 1);
    await look();
    expect(store.verify(token, 'a')).toMatchObject({ ok: true });
    await add();
    await look();
    expect(store.verify(token, 'a')).toBeInstanceOf(Promise);
    await expect(store.verify(token, 'a')).resolves.toMatchObject({ ok: true });
  });
});

describe('changes of the file', () => {
  test('a revocation acts through the watch, with no use of the token and no poll', async () => {
    const { token, id } = await add();
    const store = await open({ pollMs: 3_600_000 });
    expect(await store.verify(token, 'a')).toMatchObject({ ok: true });
    const change = nextChange(store);
    await edit(id, { revoked_at: formatTime(clock) });
    await expect(change).resolves.toEqual({ type: 'revoked', id, label: 'test' });
    expect(store.verify(token, 'a')).toEqual({ ok: false, reason: 'revoked' });
  });

  test('without watch and poll, a revocation acts within 5 seconds on a token in steady use', async () => {
    const { token, id } = await add();
    const store = await open({ watch: false, pollMs: 3_600_000 });
    await store.verify(token, 'a');
    await edit(id, { revoked_at: formatTime(clock) });
    let verdict: TokenVerdict = { ok: false, reason: 'unknown' };
    for (let waited = 0; waited < 5000; waited += 500) {
      clock += 500;
      verdict = await store.verify(token, 'a');
      await settled(() => true);
    }
    expect(verdict).toEqual({ ok: false, reason: 'revoked' });
  });

  test('without watch and poll, a token that was revoked before its first use is refused', async () => {
    const { token, id } = await add();
    const store = await open({ watch: false, pollMs: 3_600_000 });
    await edit(id, { revoked_at: formatTime(clock) });
    await expect(store.verify(token, 'a')).resolves.toEqual({ ok: false, reason: 'revoked' });
  });

  test('without watch, the poll sees a revocation', async () => {
    const { id } = await add();
    const store = await open({ watch: false, pollMs: 20 });
    const change = nextChange(store);
    await edit(id, { revoked_at: formatTime(clock) });
    await expect(change).resolves.toMatchObject({ type: 'revoked' });
  });

  test('a revocation while bcrypt runs is not missed', async () => {
    const { token, id } = await add();
    const store = await open();
    let release = () => {};
    bcrypt.gate = new Promise((resolve) => {
      release = resolve;
    });
    const verdict = store.verify(token, 'a');
    await settled(() => bcrypt.verified.length === 1);
    const change = nextChange(store);
    await edit(id, { revoked_at: formatTime(clock) });
    await change;
    release();
    await expect(verdict).resolves.toEqual({ ok: false, reason: 'revoked' });
  });

  test('a new token is taken within a second without watch, at once with it', async () => {
    await add();
    const blind = await open({ watch: false, pollMs: 3_600_000 });
    const store = await open();
    const change = nextChange(store);
    const { token, id } = await add();
    await expect(change).resolves.toEqual({ type: 'created', id, label: 'test' });
    await expect(store.verify(token, 'a')).resolves.toMatchObject({ ok: true, id });
    clock += 1000;
    await expect(blind.verify(token, 'a')).resolves.toMatchObject({ ok: true, id });
  });

  test('a rotation is announced as one, and a removed entry as revoked', async () => {
    const first = await add();
    const second = await add();
    const store = await open();
    const seen: unknown[] = [];
    store.onChange((change) => seen.push(change));
    await edit(first.id, { rotated_to: second.id, revoked_at: formatTime(clock) });
    await settled(() => seen.length === 2);
    await writeFile(file, JSON.stringify({ tokens: [] }));
    await settled(() => seen.length === 3);
    expect(seen).toEqual([
      { type: 'rotated', id: first.id, label: 'test' },
      { type: 'revoked', id: first.id, label: 'test' },
      { type: 'revoked', id: second.id, label: 'test' },
    ]);
  });

  test.each([
    ['missing', () => rm(file), 'token_file_missing'],
    ['cut off', () => writeFile(file, '{"tokens":[{"id":"tok'), 'token_file_damaged'],
    ['empty', () => writeFile(file, ''), 'token_file_damaged'],
    ['of another shape', () => writeFile(file, '{"tokens":{}}'), 'token_file_damaged'],
  ])(
    'a file that is %s makes the store refuse everything and say why, until it is whole again',
    async (_, damage, code) => {
      const { token } = await add();
      const store = await open();
      await store.verify(token, 'a');
      await rename(file, `${file}.good`);
      await writeFile(file, 'x');
      const problems: (string | undefined)[] = [];
      store.onProblem((problem) => problems.push(problem?.code));
      await damage();
      await settled(() => store.problem()?.code === code);
      expect(store.ready()).toBe(false);
      expect(await store.verify(token, 'a')).toEqual({ ok: false, reason: 'unknown' });
      await rename(`${file}.good`, file);
      await settled(() => store.ready());
      await expect(store.verify(token, 'a')).resolves.toMatchObject({ ok: true });
      expect(problems.at(-1)).toBeUndefined();
    },
  );

  test('it opens on a folder that is not there and recovers by the poll, watch included', async () => {
    const inner = path.join(folder, 'later');
    file = path.join(inner, 'tokens.json');
    const store = await open({ pollMs: 20 });
    expect(store.problem()?.code).toBe('token_file_missing');
    await mkdir(inner);
    const { token } = await add();
    await settled(() => store.ready());
    await expect(store.verify(token, 'a')).resolves.toMatchObject({ ok: true });
  });

  test('after close nothing is accepted', async () => {
    const { token } = await add();
    const store = await open();
    await store.verify(token, 'a');
    await store.close();
    expect(await store.verify(token, 'a')).toMatchObject({ ok: false });
  });

  test('a listener that throws does not stop the others', async () => {
    await add();
    const store = await open();
    store.onChange(() => {
      throw new Error('fault of a listener');
    });
    const change = nextChange(store);
    await add();
    await expect(change).resolves.toMatchObject({ type: 'created' });
  });
});

describe('wrong secrets', () => {
  test('an address gets 10 comparisons a minute, then a refusal at no cost with the time to wait', async () => {
    const { lookup } = await add();
    const store = await open();
    const verdicts = await Promise.all(Array.from({ length: 500 }, () => store.verify(wrong(lookup), '203.0.113.9')));
    expect(bcrypt.verified).toHaveLength(10);
    expect(verdicts.filter((verdict) => !verdict.ok && verdict.reason === 'mismatch')).toHaveLength(10);
    const limited = store.verify(wrong(lookup), '203.0.113.9');
    expect(limited).toEqual({ ok: false, reason: 'limited', retryAfterSeconds: 60 });
    clock += 60_000;
    await expect(store.verify(wrong(lookup), '203.0.113.9')).resolves.toMatchObject({ reason: 'mismatch' });
  });

  test('the good token from the same address still passes, remembered or not', async () => {
    const { token, lookup } = await add();
    const store = await open();
    await store.verify(token, 'a');
    await Promise.all(Array.from({ length: 50 }, () => store.verify(wrong(lookup), 'a')));
    expect(store.verify(token, 'a')).toMatchObject({ ok: true });
    clock += 6000;
    await expect(store.verify(token, 'a')).resolves.toMatchObject({ ok: true });
  });

  test('but what once passed gets no free comparisons when its entry has another hash', async () => {
    const { token, id, lookup } = await add();
    const store = await open();
    await store.verify(token, 'a');
    const change = new Promise<void>((resolve) => store.onChange(() => resolve()));
    await edit(id, { hash: hashSync('other', 4), rotated_to: 'x' });
    await change;
    await Promise.all(Array.from({ length: 10 }, () => store.verify(wrong(lookup), 'a')));
    expect(await store.verify(token, 'a')).toMatchObject({ reason: 'limited' });
  });

  test('from many addresses they fill a bounded queue, and a known token goes before all that wait', async () => {
    const { token, lookup, secret } = await add();
    const store = await open();
    await store.verify(token, 'good');
    clock += 6000;
    bcrypt.verified.length = 0;
    let release = () => {};
    bcrypt.gate = new Promise((resolve) => {
      release = resolve;
    });
    const attack = Array.from({ length: 200 }, (_, i) => store.verify(wrong(lookup), `198.51.100.${i}`));
    await settled(() => bcrypt.verified.length === 1);
    clock += 1000;
    const good = store.verify(token, 'good');
    // Whoever asks after it has had an answer: it is in the queue.
    await store.verify(mintToken().token, 'other');
    release();
    await expect(good).resolves.toMatchObject({ ok: true });
    expect(bcrypt.verified.indexOf(secret)).toBe(1);
    const verdicts = await Promise.all(attack);
    expect(verdicts.filter((verdict) => !verdict.ok && verdict.reason === 'mismatch')).toHaveLength(17);
    expect(verdicts.filter((verdict) => !verdict.ok && verdict.reason === 'limited')).toHaveLength(183);
  });

  test('good attempts do not use up the limit', async () => {
    const tokens = await Promise.all(Array.from({ length: 12 }, () => add()));
    const store = await open();
    for (const { token } of tokens) expect(await store.verify(token, 'a')).toMatchObject({ ok: true });
  });
});

/** Waits until a condition holds, giving way to timers and file events in between. */
async function settled(condition: () => boolean): Promise<void> {
  do {
    await new Promise((resolve) => setTimeout(resolve, 5));
  } while (!condition());
}
