import { baseFiles, type Files } from './site-fixture.ts';

/** How a site keeps its languages apart: in the names of files, or in a folder for each. */
export type Layout = 'by name' | 'by folder';

/** Both of them, for `describe.each`. */
export const layouts: Layout[] = ['by name', 'by folder'];

/** A picture of one pixel. */
export const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/**
 * The same site in each layout: leaf bundles, single files and sections, in YAML, TOML and JSON; a draft, a page of the
 * future, one that has expired; links of every kind.
 */
export function variedSite(layout: Layout): Files {
  const pages: Files = Object.fromEntries(
    Object.entries(content).map(([name, text]) => {
      const [, path = '', lang = ''] = /^(.*)\.(fr|en)\.md$/.exec(name) ?? [];
      return [layout === 'by name' ? `content/${name}` : `content/${lang}/${path}.md`, text];
    }),
  );
  const folders = (baseFiles['hugo.toml'] ?? '')
    .replace('[languages.fr]', '[languages.fr]\ncontentDir = "content/fr"')
    .replace('[languages.en]', '[languages.en]\ncontentDir = "content/en"');
  const none = Object.fromEntries(Object.keys(baseFiles).map((file) => [file, undefined]));
  return {
    ...none,
    ...Object.fromEntries(Object.entries(baseFiles).filter(([file]) => !file.startsWith('content/'))),
    ...(layout === 'by folder' && { 'hugo.toml': folders }),
    ...pages,
    [layout === 'by name' ? 'content/posts/hello/photo.txt' : 'content/fr/posts/hello/photo.txt']: 'A resource.',
  };
}

const content: Readonly<Record<string, string>> = {
  '_index.fr.md': '---\ntitle: Accueil\n---\nBienvenue. [Bonjour](/posts/hello/)\n',
  '_index.en.md': '---\ntitle: Home\n---\nWelcome.\n',
  'posts/_index.fr.md': '{"title": "Articles", "lastmod": "2024-01-01T00:00:00Z"}\nTous les articles.\n',
  'posts/_index.en.md': '{"title": "Posts", "lastmod": "2024-01-01T00:00:00Z"}\nAll posts.\n',
  'posts/hello/index.fr.md':
    '---\n# un commentaire\ntitle: Bonjour\ndate: 2024-05-01T10:00:00+02:00\ntags: [Été, salut]\n---\n\nUn café à la crème brûlée.\n',
  'posts/hello/index.en.md':
    '---\ntitle: Hello\ndate: 2024-05-01T10:00:00+02:00\ntags: [summer]\n---\n\nSee {{< ref "posts/single" >}} and nothing else.\n',
  'posts/single.fr.md':
    '+++\ntitle = "Seul"\ndate = 2024-06-01T10:00:00+02:00\ntags = ["été"]\n+++\n\nVoir [le premier](../hello/).\n',
  'posts/single.en.md': '+++\ntitle = "Alone"\ndate = 2024-06-01T10:00:00+02:00\n+++\n\nNo links here.\n',
  'docs/guide/index.fr.md':
    '{\n  "title": "Guide",\n  "draft": true\n}\n\nUn brouillon, voir [Bonjour](https://example.org/posts/hello/#haut).\n',
  'docs/later/index.en.md': '---\ntitle: Later\ndate: 2999-01-01\n---\n\nNot yet.\n',
  'docs/over.en.md':
    '+++\ntitle = "Over"\ndate = 2020-01-01T00:00:00Z\nexpiryDate = 2021-01-01T00:00:00Z\n+++\n\nNo more.\n',
};
