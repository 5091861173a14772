import { readFile } from 'node:fs/promises';
import { createPrograms } from './run-program.ts';

const sh = (programs: ReturnType<typeof createPrograms>, script: string, timeoutMs = 20_000) =>
  programs.run(['-c', script], {
    bin: 'sh',
    cwd: '/',
    env: { PATH: process.env.PATH ?? '' },
    timeoutMs,
    keepBytes: 20,
    timedOut: () => new Error('too late'),
    missing: () => new Error('missing'),
  });

test('a program lets the service go before it, where Linux deals out the processors by session', async () => {
  const enabled = await readFile('/proc/sys/kernel/sched_autogroup_enabled', 'utf8').catch(() => '0');
  const waits = 'until grep -q "nice 10" /proc/self/autogroup; do sleep 0.05; done; echo gave way';
  const { stdout } = await sh(createPrograms(), enabled.trim() === '1' ? waits : 'echo gave way');
  expect(stdout).toBe('gave way\n');
});

test('a program that takes too long is ended with what it started, and keeps the two ends of what it said', async () => {
  const programs = createPrograms();
  await expect(sh(programs, 'sleep 60 & wait', 100)).rejects.toThrow('too late');
  const { stdout, code } = await sh(programs, 'printf "begin-----%s-----end" "$(seq 1 1000 | tr -d "\\n")"; exit 3');
  expect(code).toBe(3);
  expect(stdout).toMatch(/^begin/);
  expect(stdout).toMatch(/-----end$/);
  programs.close();
  await expect(sh(programs, 'true')).rejects.toMatchObject({ code: 'shutting_down' });
});
