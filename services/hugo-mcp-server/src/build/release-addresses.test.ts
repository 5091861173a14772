import { releaseAddresses } from './release-addresses.ts';

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
  const addresses = releaseAddresses(site);
  expect(addresses.publicUrlOf(file)).toBe(url);
  expect(addresses.urlOf(file).href).toBe(url);
  expect(addresses.filesAt(url)).toContain(file);
  expect(addresses.at(url)).toBe(file);
});

test('without an absolute base URL no address is known', () => {
  expect(releaseAddresses({ ...one, baseUrl: '/' }).publicUrlOf('index.html')).toBeUndefined();
});

test.each(['https://example.org/blog/%2e%2e/secret', '/blog/..%2f..%2fx', 'http://[', '/%ff'])(
  'the address %s is of no file outside of a release',
  (url) => {
    for (const file of releaseAddresses(one).filesAt(url)) expect(file.split('/')).not.toContain('..');
  },
);
