import { createLifecycle } from './lifecycle.ts';

it('closes one after the other, the last opened first', async () => {
  const lifecycle = createLifecycle();
  const steps: string[] = [];
  for (const name of ['log', 'agent', 'server']) {
    lifecycle.onClose(name, async () => {
      steps.push(`${name} closes`);
      await new Promise((resolve) => setImmediate(resolve));
      steps.push(`${name} closed`);
    });
  }
  await lifecycle.closeAll();
  expect(steps).toEqual(['server closes', 'server closed', 'agent closes', 'agent closed', 'log closes', 'log closed']);
});

it('closes everything else when some fail, and tells of each', async () => {
  const lifecycle = createLifecycle();
  const closed: string[] = [];
  lifecycle.onClose('log', () => void closed.push('log'));
  lifecycle.onClose('state', async () => {
    throw new Error('disk full');
  });
  lifecycle.onClose('agent', () => {
    throw new Error('gone');
  });
  const failure = await lifecycle.closeAll().catch((error: unknown) => error);
  expect(closed).toEqual(['log']);
  expect(failure).toBeInstanceOf(AggregateError);
  const { message, errors } = failure as AggregateError;
  expect(message).toBe('closing agent failed; closing state failed');
  expect(errors.map((error: Error) => (error.cause as Error).message)).toEqual(['gone', 'disk full']);
});

it('closes each once, however often it is asked, and what is registered while it closes as well', async () => {
  const lifecycle = createLifecycle();
  const closed: string[] = [];
  lifecycle.onClose('first', () => {
    closed.push('first');
    lifecycle.onClose('late', () => void closed.push('late'));
  });
  await Promise.all([lifecycle.closeAll(), lifecycle.closeAll()]);
  await lifecycle.closeAll();
  expect(closed).toEqual(['first', 'late']);
});
