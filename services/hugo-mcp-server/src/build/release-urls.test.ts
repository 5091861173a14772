import { filesOfUrl, urlOfFile } from './release-urls.ts';

const one = {
  baseUrl: 'https://example.org/blog/',
  languages: [
    { code: 'fr', weight: 1 },
    { code: 'en', weight: 2 },
  ],
};
const hosts = {
  baseUrl: 'https://example.org/',
  languages: [
    { code: 'fr', weight: 1, baseUrl: 'https://example.fr' },
    { code: 'en', weight: 2, baseUrl: 'https://example.com/en/' },
  ],
};

test.each([
  [one, 'index.html', 'https://example.org/blog/'],
  [one, 'en/posts/a/index.html', 'https://example.org/blog/en/posts/a/'],
  [one, 'a/b.html', 'https://example.org/blog/a/b.html'],
  [one, 'images/été 1#?.png', 'https://example.org/blog/images/%C3%A9t%C3%A9%201%23%3F.png'],
  [hosts, 'fr/index.html', 'https://example.fr/'],
  [hosts, 'en/posts/a/index.html', 'https://example.com/en/posts/a/'],
  [hosts, 'sitemap.xml', 'https://example.org/sitemap.xml'],
])('the address of a file leads back to it', (site, file, url) => {
  expect(urlOfFile(file, site)).toBe(url);
  expect(filesOfUrl(url, site)).toContain(file);
});

test('without an absolute base URL no address is known', () => {
  expect(urlOfFile('index.html', { ...one, baseUrl: '/' })).toBeUndefined();
});

test.each(['https://example.org/blog/%2e%2e/secret', '/blog/..%2f..%2fx', 'http://[', '/%ff'])(
  'the address %s is of no file outside of a release',
  (url) => {
    for (const file of filesOfUrl(url, one)) expect(file.split('/')).not.toContain('..');
  },
);
