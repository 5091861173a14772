import { type Bcrypt, openBcrypt } from './bcrypt.ts';

let bcrypt: Bcrypt;

beforeAll(() => {
  bcrypt = openBcrypt({ threads: 1, idleMs: 1000 });
});

afterAll(() => bcrypt.close());

test('a hash has cost 12 and fits its secret alone', async () => {
  const hash = await bcrypt.hash('correct horse');
  expect(hash).toMatch(/^\$2b\$12\$/);
  await expect(bcrypt.verify('correct horse', hash)).resolves.toBe(true);
  await expect(bcrypt.verify('correct horsf', hash)).resolves.toBe(false);
});

test('72 bytes count to the last one, and more are refused, not cut', async () => {
  const hash = await bcrypt.hash('x'.repeat(72));
  await expect(bcrypt.verify(`${'x'.repeat(71)}y`, hash)).resolves.toBe(false);
  await expect(bcrypt.verify('x'.repeat(73), hash)).resolves.toBe(false);
  await expect(bcrypt.hash('x'.repeat(73))).rejects.toMatchObject({ code: 'secret_too_long' });
  await expect(bcrypt.hash('é'.repeat(37))).rejects.toMatchObject({ code: 'secret_too_long' });
});

test('a hash of the Python bcrypt verifies', async () => {
  // bcrypt.hashpw(b"correct horse", ...) has prefix 2b; 2a and 2y name the same algorithm.
  const hash = await bcrypt.hash('s');
  for (const prefix of ['$2a$', '$2y$']) {
    await expect(bcrypt.verify('s', hash.replace('$2b$', prefix))).resolves.toBe(true);
  }
});

test.each(['', 'x', '$2b$12$', `$2b$31$${'a'.repeat(53)}`, `$2x$12$${'a'.repeat(53)}`])(
  '%j is no hash',
  async (hash) => {
    await expect(bcrypt.verify('s', hash)).resolves.toBe(false);
  },
);

test('the event loop goes on while a hash is made', async () => {
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  await bcrypt.hash('x');
  clearInterval(timer);
  expect(turns).toBeGreaterThan(20);
});
