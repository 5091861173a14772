import { expandScopes, intersectScopes } from './scopes.ts';

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

test('what a caller may do is in both sets', () => {
  expect(intersectScopes(expandScopes('mcp'), expandScopes('content:read site:admin'))).toEqual(
    new Set(['content:read']),
  );
});
