import { parseHugoConfig } from './hugo-config.ts';
import { parseHugoList } from './hugo-list.ts';
import { hugoMessages } from './hugo-messages.ts';
import { parseMounts } from './hugo-mounts.ts';
import { siteTimestamp } from './site-facts.ts';

const oldOutput = `baseurl = "https://example.org/blog/"
defaultcontentlanguage = "fr"
defaultcontentlanguageinsubdir = false
disablelanguages = [de]
languages = map[de:map[weight:3] en:map[baseurl:https://en.example.org/ contentdir:content/en params:map[seo:map[weight:7]] title:A "q" title weight:2] fr:map[languagename:Français weight:1]]
taxonomies = map[serie:series tag:tags]
timezone = "Europe/Paris"
title = "Mon "site""
`;

const newOutput = `baseurl = 'https://example.org/blog/'
defaultcontentlanguage = 'fr'
timezone = 'Europe/Paris'
title = 'Mon "site"'

[languages]
  [languages.de]
    disabled = true
    weight = 3

  [languages.en]
    baseurl = 'https://en.example.org/'
    title = 'A [b "q" title'
    weight = 2

  [languages.fr]
    weight = 1

[taxonomies]
  serie = 'series'
  tag = 'tags'
`;

const facts = {
  title: 'Mon "site"',
  baseUrl: 'https://example.org/blog/',
  languages: [
    { code: 'fr', weight: 1 },
    { code: 'en', weight: 2, baseUrl: 'https://en.example.org/' },
  ],
  defaultLanguage: 'fr',
  defaultLanguageInSubdir: false,
  timeZone: 'Europe/Paris',
  taxonomies: ['series', 'tags'],
  plainAddresses: true,
};

describe('what Hugo prints', () => {
  test.each([
    ['0.111, TOML', oldOutput],
    ['0.111, YAML', oldOutput.replaceAll(' = ', ': ')],
    ['0.111, with a lone bracket in a title', oldOutput.replace(/params:map.*?\]\] title:A/, 'title:A [b')],
    ['0.168', newOutput],
  ])('configuration of %s', (_, output) => {
    expect(parseHugoConfig(output)).toEqual(facts);
  });

  test.each([
    ['permalinks, as 0.111 prints them', 'permalinks = map[posts:/:year/:slug/]\n', false],
    ['no permalinks, as 0.111 prints them', 'permalinks = map[]\nuglyurls = false\n', true],
    ['ugly URLs', 'uglyurls = true\n', false],
    ['permalinks', '[permalinks]\n[permalinks.page]\nposts = "/:year/:slug/"\n', false],
    ['empty tables', '[permalinks]\n[permalinks.page]\n[permalinks.section]\n[uglyurls]\n', true],
    ['ugly URLs of one section', '[uglyurls]\nposts = true\n', false],
    ['permalinks of one language', 'languages = map[en:map[permalinks:map[posts:/:slug/]]]\n', false],
    ['paths in upper case', 'disablepathtolower = true\n', false],
  ])('addresses: %s', (_, output, plain) => {
    expect(parseHugoConfig(output).plainAddresses).toBe(plain);
  });

  test('a site that configures nothing', () => {
    expect(parseHugoConfig('baseurl = ""\ntitle = ""\n')).toMatchObject({
      languages: [{ code: 'en', weight: 0 }],
      defaultLanguage: 'en',
    });
  });

  test('content folders of both formats, those of themes and outside the site left out', () => {
    const mounts = (own: object[]) =>
      `${JSON.stringify({ path: 'project', owner: '', mounts: own }, null, 3)}\n${JSON.stringify({ path: 'github.com/a/theme', owner: 'project', mounts: [{ source: 'content', target: 'content' }] }, null, 3)}\n`;
    const output = mounts([
      { source: 'content/fr', target: 'content', lang: 'fr' },
      { source: 'content/en', target: 'content', sites: { matrix: { languages: ['en'] } } },
      { source: './handbook/', target: 'content/docs' },
      { source: '../shared', target: 'content/shared' },
      { source: '/etc', target: 'content/etc' },
      { source: 'static', target: 'static' },
      { source: 'pictures', target: 'static/img' },
      { source: 'statics', target: 'statics' },
    ]);
    expect(parseMounts(output, 'content')).toEqual([
      { dir: 'content/fr', prefix: '', lang: 'fr' },
      { dir: 'content/en', prefix: '', lang: 'en' },
      { dir: 'handbook', prefix: 'docs' },
    ]);
    expect(parseMounts(output, 'static')).toEqual([
      { dir: 'static', prefix: '' },
      { dir: 'pictures', prefix: 'img' },
    ]);
  });

  test('the list of pages, with quoted fields and dates that are none', () => {
    const output =
      'path,slug,title,date,expiryDate,publishDate,draft,permalink\n' +
      'content/a.md,,"A, ""quoted""\nline",0001-01-01T00:00:00Z,2030-01-01T00:00:00Z,0001-01-01T00:00:00Z,true,https://e.org/a/\n';
    expect([...parseHugoList(output)]).toEqual([
      ['content/a.md', { url: 'https://e.org/a/', draft: true, expiryDate: '2030-01-01T00:00:00Z' }],
    ]);
    expect(parseHugoList('').size).toBe(0);
  });

  test('errors and warnings, without colours, times and the path of the site', () => {
    const run = {
      code: 255,
      stdout: 'Start building sites … \nTotal in 7 ms\n',
      stderr:
        '\u001b[33mWARN\u001b[0m 2024/01/01 00:00:00 old key\nWARN  old key 2\nError: Error building site: "/srv/site/content/a.md:1:1": bad\n',
    };
    expect(hugoMessages(run, '/srv/site')).toEqual({
      warnings: ['WARN old key', 'WARN  old key 2'],
      errors: ['Error: Error building site: "content/a.md:1:1": bad'],
    });
    expect(hugoMessages({ code: 1, stdout: '', stderr: 'strange end\n' }, '/srv/site').errors).toEqual(['strange end']);
  });
});

test("a moment in the site's time zone", () => {
  const winter = new Date('2026-01-15T12:00:00Z');
  const summer = new Date('2026-07-15T12:00:00Z');
  expect(siteTimestamp({ timeZone: 'Europe/Paris' }, winter)).toBe('2026-01-15T13:00:00+01:00');
  expect(siteTimestamp({ timeZone: 'Europe/Paris' }, summer)).toBe('2026-07-15T14:00:00+02:00');
  expect(siteTimestamp({ timeZone: 'America/St_Johns' }, winter)).toBe('2026-01-15T08:30:00-03:30');
  expect(siteTimestamp({ timeZone: 'UTC' }, winter)).toBe('2026-01-15T12:00:00+00:00');
  expect(siteTimestamp({}, winter)).toBe('2026-01-15T12:00:00Z');
  expect(siteTimestamp({ timeZone: 'Nowhere/Land' }, winter)).toBe('2026-01-15T12:00:00+00:00');
});
