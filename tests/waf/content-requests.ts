import { type Era, type Request, toolCall } from './frames.ts';
import type { TechnicalText } from './technical-texts.ts';

/** Every place of every tool in which a text can stand. */
export const CONTENT_PLACES: Record<string, (text: TechnicalText, era: Era) => Request> = {
  'content of create_page': ({ body }, era) =>
    toolCall(era, 'create_page', { route: 'posts/a', lang: 'en', title: 'A', content: body }),
  'title, tags and front matter of create_page': ({ title, body }, era) =>
    toolCall(era, 'create_page', {
      route: 'posts/a',
      lang: 'en',
      title,
      content: 'A',
      tags: [title.slice(0, 100), 'b'],
      front_matter: {
        description: title,
        summary: body.slice(0, 4_000),
        params: { note: [title], 'og-text': { a: title } },
      },
    }),
  'edits of update_page': ({ title, body }, era) =>
    toolCall(era, 'update_page', {
      route: 'posts/a',
      lang: 'en',
      edits: [
        { find: title, replace: body },
        { find: body, replace: '' },
      ],
    }),
  'changes of apply_changes': ({ title, body }, era) =>
    toolCall(era, 'apply_changes', {
      changes: [
        { action: 'create', route: 'posts/a', lang: 'en', title, content: body, tags: [title.slice(0, 100)] },
        {
          action: 'update',
          route: 'posts/b',
          lang: 'en',
          edits: [{ find: title, replace: body }],
          front_matter: { description: title, params: { note: [title] } },
        },
      ],
    }),
  'content of preview_page': ({ body }, era) => toolCall(era, 'preview_page', { route: '/', content: body }),
  'data of upload_asset': ({ body }, era) =>
    toolCall(era, 'upload_asset', {
      name: 'a.svg',
      content_type: 'image/svg+xml',
      data: Buffer.from(body).toString('base64'),
    }),
};
