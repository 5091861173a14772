import { readConfig } from '../src/config.ts';

const good = {
  UPSTREAM_URL: 'https://192.168.122.69:8000',
  MCP_TOKEN_SHA256: 'a'.repeat(64),
  AUDIT_LOG: '/var/log/x.jsonl',
};
const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';

describe('configuration of hugo-mcp-proxy', () => {
  it.each([
    ['alone', {}],
    ['with a SHA-256 beside it', { UPSTREAM_CERT_SHA256: 'b'.repeat(64) }],
  ])('tells in one line that UPSTREAM_CERT is no certificate, %s', (_how, beside) => {
    for (const UPSTREAM_CERT of ['nonsense', damaged]) {
      expect(() => readConfig({ ...good, ...beside, UPSTREAM_CERT })).toThrow(
        /^UPSTREAM_CERT: is not a certificate in PEM form; for example [^\n]*$/,
      );
    }
  });
});
