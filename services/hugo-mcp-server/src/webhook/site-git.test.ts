import { withoutCredentials } from './site-git.ts';

test.each([
  ['https://owner:hunter2@example.org/site.git', 'https://…@example.org/site.git'],
  [
    "fatal: unable to access 'https://ghp_abc@github.com/o/s.git/': 403",
    "fatal: unable to access 'https://…@github.com/o/s.git/': 403",
  ],
  ['http://a:b@c:d@example.org/', 'http://…@example.org/'],
  ['two: ssh://git:pw@h/x and HTTPS://u:p@h/y', 'two: ssh://…@h/x and HTTPS://…@h/y'],
  ['git@github.com:owner/site.git', 'git@github.com:owner/site.git'],
  ['https://example.org/@scope/x by owner@example.org', 'https://example.org/@scope/x by owner@example.org'],
])('of %s is shown %s', (text, shown) => {
  expect(withoutCredentials(text)).toBe(shown);
});
