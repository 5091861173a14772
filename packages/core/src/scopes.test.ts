import { expandScopes, expandTokenScopes, intersectScopes } from './scopes.ts';

test('scopes come as a string separated by spaces or as a list', () => {
  expect(expandScopes('content:read site:admin')).toEqual(new Set(['content:read', 'site:admin']));
  expect(expandScopes(['content:write'])).toEqual(new Set(['content:write']));
});

test('the legacy scope stands for read and write, never for admin', () => {
  expect(expandScopes('mcp')).toEqual(new Set(['content:read', 'content:write']));
});

test('unknown scopes give nothing', () => {
  expect(expandScopes('')).toEqual(new Set());
  expect(expandScopes('CONTENT:READ content:* * admin constructor')).toEqual(new Set());
});

test('asking for a pull is a scope of hop tokens, which no grant of a user can have', () => {
  expect(expandTokenScopes(['site:pull'])).toEqual(new Set(['site:pull']));
  expect(expandTokenScopes('mcp site:pull root')).toEqual(new Set(['content:read', 'content:write', 'site:pull']));
  expect(expandScopes('site:pull')).toEqual(new Set());
});

test('a token that may only ask for a pull lets no actor do anything', () => {
  const everything = expandScopes('content:read content:write site:admin');
  expect(intersectScopes(expandTokenScopes(['site:pull']), everything)).toEqual(new Set());
});

test('what a caller may do is in both sets', () => {
  expect(intersectScopes(expandScopes('mcp'), expandScopes('content:read site:admin'))).toEqual(
    new Set(['content:read']),
  );
});
