import type { AssetType } from '@arleo/core/content/asset-name';

type Sniffed = Exclude<AssetType, 'image/svg+xml'>;

const signatures: Readonly<Record<Sniffed, (bytes: Buffer) => boolean>> = {
  // The signature and the first chunk, which is always IHDR.
  'image/png': (bytes) => bytes.subarray(0, 16).toString('latin1') === '\x89PNG\r\n\x1a\n\0\0\0\rIHDR',
  'image/jpeg': (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff,
  'image/gif': (bytes) => /^GIF8[79]a$/.test(bytes.subarray(0, 6).toString('latin1')),
  'image/webp': (bytes) => /^RIFF.{4}WEBPVP8[ LX]$/s.test(bytes.subarray(0, 16).toString('latin1')),
  'application/pdf': (bytes) => /^%PDF-\d\.\d/.test(bytes.subarray(0, 8).toString('latin1')),
};

/**
 * The type that a file's first bytes are of; undefined if it is none that can be uploaded. SVG has no signature: a text
 * that begins with `<` (after a byte order mark and blanks) may be one, and {@link checkSvg} says whether it is.
 */
export function sniffType(bytes: Buffer): AssetType | undefined {
  for (const [type, matches] of Object.entries(signatures)) if (matches(bytes)) return type as Sniffed;
  return /^(?:\xef\xbb\xbf)?\s*</.test(bytes.subarray(0, 1024).toString('latin1')) ? 'image/svg+xml' : undefined;
}
