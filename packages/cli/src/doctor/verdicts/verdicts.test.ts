import { FINDINGS, type FindingCode } from '../findings/all-findings.ts';
import { judgeDisks } from '../host/disk.ts';
import { judgeReadiness } from '../host/readiness.ts';
import { isNamed } from '../host/sandbox.ts';
import { judgeUnit } from '../host/units.ts';
import type { Exchange } from '../probes/exchange.ts';
import { judgeAnswer } from './answer.ts';
import { isOfCloudflareOrigin } from './certificate.ts';
import { judgeClock } from './clock.ts';
import { timePerHop } from './server-timing.ts';
import { judgeRefusedToken } from './token.ts';

const answer = (status: number, body: string, headers: Exchange['headers'] = {}): Exchange => ({
  status,
  headers,
  body,
  ms: 1,
  at: Date.now(),
});
const codes = (found: readonly { code: string }[]): string[] => found.map(({ code }) => code);

describe('an answer', () => {
  const error = (hop: string, reason: string, more: object = {}): string =>
    JSON.stringify({ error: { message: 'm', data: { hop, reason, ...more } } });

  test.each([
    ['waf', 'waf_blocked', 'waf_blocked', 'waf'],
    ['nginx', 'caller_not_allowed', 'nginx_caller_not_allowed', 'nginx'],
    ['nginx', 'upstream_unreachable', 'nginx_no_service', 'nginx'],
    ['oauth-proxy', 'connect_refused', 'service_refused', 'hugo-mcp-proxy'],
    ['hugo-mcp-proxy', 'connect_timeout', 'service_silent', 'hugo-mcp-server'],
    ['hugo-mcp-proxy', 'first_byte_timeout', 'service_hangs', 'hugo-mcp-server'],
    ['hugo-mcp-proxy', 'cert_expired', 'internal_cert_expired', 'hugo-mcp-server'],
    ['hugo-mcp-proxy', 'token_invalid', 'hop_token_refused', 'hugo-mcp-proxy'],
    ['oauth-proxy', 'bad_host', 'host_refused', 'oauth-proxy'],
    ['oauth-proxy', 'state_unavailable', 'state_unavailable', 'oauth-proxy'],
    ['hugo-mcp-server', 'not_ready', 'service_not_ready', 'hugo-mcp-server'],
  ])('%s says %s: %s, of %s', (hop, reason, code, layer) => {
    expect(judgeAnswer(answer(502, error(hop, reason)), 'test')).toEqual([
      layer === FINDINGS[code as FindingCode].layer
        ? expect.objectContaining({ code })
        : expect.objectContaining({ code, layer }),
    ]);
  });

  test.each([
    ['actor_expired', 'hop_clocks_differ'],
    ['actor_invalid', 'actor_key_differs'],
    ['token_invalid', 'hop_token_refused'],
  ])('credentials between the hops that are refused as %s', (refused_reason, code) => {
    const body = error('hugo-mcp-proxy', 'upstream_auth', { refused_by: 'hugo-mcp-server', refused_reason });
    expect(codes(judgeAnswer(answer(502, body), 'test'))).toEqual([code]);
  });

  test.each([
    ['a page of nginx', answer(403, '<html><hr><center>nginx</center></html>'), 'nginx_forbidden'],
    [
      'a page of nginx through Cloudflare',
      answer(403, '<center>nginx/1.26</center>', { 'cf-ray': 'x' }),
      'nginx_forbidden',
    ],
    ['a bad gateway of nginx', answer(502, '<center>nginx</center>'), 'nginx_no_service'],
    ['a redirect', answer(301, '', { location: 'https://www.example.org/' }), 'edge_redirect'],
    ['somebody else', answer(404, 'Not here', { server: 'Caddy' }), 'not_arleo'],
    ['a tunnel that is down', answer(530, 'error code: 1033', { server: 'cloudflare' }), 'cloudflare_origin'],
    ['a bad gateway of Cloudflare', answer(502, '<h1>Bad gateway</h1>', { server: 'cloudflare' }), 'cloudflare_origin'],
    ['a late gateway of Cloudflare', answer(504, '', { 'cf-ray': 'x' }), 'cloudflare_origin'],
    ['JSON of Cloudflare', answer(403, '{"error_code": 1010}', { server: 'cloudflare' }), 'cloudflare_browser_check'],
  ])('%s', (_, given, code) => expect(codes(judgeAnswer(given, 'test'))).toEqual([code]));

  test('who claims to be Cloudflare from another address is not believed without a word', () => {
    const says = (from: string): string | undefined =>
      judgeAnswer({ ...answer(403, '', { server: 'cloudflare' }), from }, 'test')[0]?.says;
    expect(says('203.0.113.5')).toContain('203.0.113.5 is no address of Cloudflare');
    for (const real of ['104.16.1.1', '2606:4700::1']) expect(says(real)).not.toContain('no address');
  });

  test('an answer of ours that passed through Cloudflare is ours', () => {
    const given = answer(403, error('waf', 'waf_blocked'), {
      'cf-ray': 'x',
      server: 'cloudflare',
      'x-request-id': 'id',
    });
    expect(codes(judgeAnswer(given, 'test'))).toEqual(['waf_blocked']);
  });
});

test('a certificate of Cloudflare for its own way to a host is known by its issuer', () => {
  const issuer = (unit: string): string => `C=US\nO=CloudFlare, Inc.\nOU=${unit}\nL=San Francisco`;
  expect(isOfCloudflareOrigin({ issuer: issuer('CloudFlare Origin SSL Certificate Authority') })).toBe(true);
  expect(isOfCloudflareOrigin({ issuer: issuer('CloudFlare Origin SSL ECC Certificate Authority') })).toBe(true);
  expect(isOfCloudflareOrigin({ issuer: issuer('Somebody') })).toBe(false);
});

test('clocks may differ by half a minute, as dates of whole seconds and slow answers do', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  expect(judgeClock('Sat, 21 Nov 2026 12:00:29 GMT', now, 'it')).toEqual([]);
  expect(judgeClock('Sat, 21 Nov 2026 11:59:00 GMT', now, 'it')).toEqual([
    { code: 'clock_skew', says: 'the clock of it is 60 s behind the one of this machine' },
  ]);
  expect(judgeClock('no date', now, 'it')).toEqual([]);
});

test('each hop has its own part of the time, whoever else adds entries', () => {
  const header = 'hugo-mcp-server;dur=13.5, hugo-mcp-proxy;dur=15.6, cfEdge;dur=9, oauth-proxy;dur=17.0';
  expect(timePerHop(header)).toEqual({ 'hugo-mcp-server': 13.5, 'hugo-mcp-proxy': 2.1, 'oauth-proxy': 1.4 });
  expect(timePerHop('x'.repeat(1_000_000))).toEqual({});
});

describe('a refused token', () => {
  const target = new URL('https://mcp.example.org/mcp');
  const now = Date.parse('2026-11-21T12:00:00Z');
  const jwt = (claims: object): string =>
    ['{"kid":"k1"}', JSON.stringify({ iss: target.origin, aud: target.href, exp: now / 1000 + 60, ...claims }), 's']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
  test.each([
    ['expired', { exp: now / 1000 - 1 }, '{"keys":[{"kid":"k1"}]}', 'token_expired'],
    ['from elsewhere', { iss: 'https://other.example' }, undefined, 'token_foreign'],
    ['for another resource', { aud: ['https://other.example/mcp'] }, undefined, 'token_foreign'],
    ['of a lost key', {}, '{"keys":[{"kid":"k2"}]}', 'token_key_unknown'],
    ['revoked', {}, '{"keys":[{"kid":"k1"}]}', 'token_refused'],
    ['where the keys cannot be had', {}, 'nonsense', 'token_refused'],
  ])('%s', (_, claims, keys, code) => expect(judgeRefusedToken(jwt(claims), target, now, keys).code).toBe(code));
});

describe('a host', () => {
  const unit = {
    Id: 'hugo-mcp.service',
    LoadState: 'loaded',
    ActiveState: 'active',
    UnitFileState: 'enabled',
    NRestarts: '0',
  };
  test.each([
    ['runs', {}, []],
    ['is not there', { LoadState: 'not-found' }, ['unit_missing']],
    ['failed', { ActiveState: 'failed', Result: 'exit-code', ExecMainStatus: '1' }, ['unit_failed']],
    ['has wrong settings', { ActiveState: 'failed', ExecMainStatus: '78' }, ['unit_config']],
    ['is stopped', { ActiveState: 'inactive' }, ['unit_inactive']],
    ['will not start again', { UnitFileState: 'disabled' }, ['unit_disabled']],
    ['falls again and again', { NRestarts: '12' }, ['unit_restarts']],
  ])('a unit that %s', (_, change, expected) =>
    expect(codes(judgeUnit({ ...unit, ...change }, true))).toEqual(expected),
  );

  test('a service of a timer need not run, and has failed if it failed', () => {
    expect(judgeUnit({ ...unit, ActiveState: 'inactive' }, false)).toEqual([]);
    expect(codes(judgeUnit({ ...unit, ActiveState: 'failed' }, false))).toEqual(['unit_failed']);
  });

  test('an address is in a network of a unit, or is not', () => {
    const networks = ['127.0.0.0/8', '::1/128', '192.168.122.1/32'];
    expect(['127.0.0.1', '::1', '192.168.122.1'].filter((one) => !isNamed(one, networks))).toEqual([]);
    expect(['192.168.122.69', '::2', 'nonsense', ''].filter((one) => isNamed(one, networks))).toEqual([]);
    expect(isNamed('192.0.2.1', ['0.0.0.0/0'])).toBe(true);
    expect(isNamed('192.0.2.1', ['any', '192.0.2.1/x', ''])).toBe(false);
  });

  test('disks', () => {
    const disk = { folder: '/srv', free_bytes: 1024 ** 3, total_bytes: 100 * 1024 ** 3 };
    expect(codes(judgeDisks([{ ...disk, state: 'ok' }], 'here'))).toEqual(['disk_low']);
    expect(judgeDisks([{ ...disk, free_bytes: 50 * 1024 ** 3, state: 'ok' }], 'here')).toEqual([]);
    expect(
      codes((['full', 'hangs', 'read_only'] as const).flatMap((state) => judgeDisks([{ ...disk, state }], 'here'))),
    ).toEqual(['disk_full', 'disk_hangs', 'disk_read_only']);
  });

  test('what /readyz says: the reason of silence behind it, what it lacks itself, and nothing twice', () => {
    const body = (problems: string[]): string => JSON.stringify({ status: 'not_ready', hop: 'x', problems });
    const silent = judgeReadiness(answer(503, body(['https://192.0.2.1:8000: connect_timeout: words'])), 'u', false);
    expect([silent.upstream, silent.found]).toEqual(['connect_timeout', []]);
    const own = judgeReadiness(
      answer(503, body(['http://127.0.0.1:8084: /readyz answered 503', 'The owner is missing.'])),
      'u',
      false,
    );
    expect([own.upstream, codes(own.found)]).toEqual([undefined, ['service_not_ready']]);
    expect(codes(judgeReadiness(answer(200, 'nonsense'), 'u', false).found)).toEqual(['service_fault']);
  });
});
