/** The lists of address ranges that this project knows, and where each is published. */
export const RANGE_SOURCES = {
  /** From where Claude calls. */
  anthropic: 'https://platform.claude.com/docs/en/api/ip-addresses (outbound)',
  /** Of its API, and of its edge in front of a site. */
  cloudflare: 'https://www.cloudflare.com/ips-v4 and https://www.cloudflare.com/ips-v6',
  /** Where a site's repository is fetched from. */
  'github.git': 'https://api.github.com/meta ("git")',
  /** From where webhooks are delivered. */
  'github.hooks': 'https://api.github.com/meta ("hooks")',
} as const;

/** The name of a list. */
export type RangeList = keyof typeof RANGE_SOURCES;

/** Every list, each sorted. */
export type AddressRanges = Readonly<Record<RangeList, readonly string[]>>;

/**
 * What was published when this release was made. The files in `infra/` hold the same (a test says so), and a host that has
 * newer lists has them in `/etc/arleo/address-ranges.json`.
 */
export const KNOWN_RANGES: AddressRanges = {
  anthropic: ['160.79.104.0/21'],
  cloudflare: [
    '103.21.244.0/22',
    '103.22.200.0/22',
    '103.31.4.0/22',
    '104.16.0.0/13',
    '104.24.0.0/14',
    '108.162.192.0/18',
    '131.0.72.0/22',
    '141.101.64.0/18',
    '162.158.0.0/15',
    '172.64.0.0/13',
    '173.245.48.0/20',
    '188.114.96.0/20',
    '190.93.240.0/20',
    '197.234.240.0/22',
    '198.41.128.0/17',
    '2400:cb00::/32',
    '2405:8100::/32',
    '2405:b500::/32',
    '2606:4700::/32',
    '2803:f800::/32',
    '2a06:98c0::/29',
    '2c0f:f248::/32',
  ],
  'github.git': [
    '140.82.112.0/20',
    '143.55.64.0/20',
    '185.199.108.0/22',
    '192.30.252.0/22',
    '2606:50c0::/32',
    '2a0a:a440::/29',
  ],
  'github.hooks': [
    '9.234.98.160/28',
    '9.234.98.176/28',
    '9.234.106.48/28',
    '140.82.112.0/20',
    '143.55.64.0/20',
    '185.199.108.0/22',
    '192.30.252.0/22',
    '2606:50c0::/32',
    '2a0a:a440::/29',
  ],
};
