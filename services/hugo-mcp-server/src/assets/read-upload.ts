import { ASSET_TYPES, type AssetType } from '@arleo/core/content/asset-name';
import { ArleoError } from '@arleo/core/errors';
import { checkSvg } from './check-svg.ts';
import { sniffType } from './sniff-type.ts';

/**
 * The bytes of an upload, once they are what they are said to be.
 *
 * @param data base64 (RFC 4648, section 4); line ends in it are passed over
 * @param type the declared media type
 * @param maxBytes the largest file, decoded
 * @throws {@link ArleoError} `base64_invalid`, `asset_too_large`, `asset_type_mismatch`, and as {@link checkSvg}
 */
export function readUpload(data: string, type: AssetType, maxBytes: number): Buffer {
  const bytes = decode(data, maxBytes);
  const actual = sniffType(bytes);
  if (actual !== type) {
    const found = actual === undefined ? 'of no type that can be uploaded' : `of type ${actual}`;
    throw new ArleoError('asset_type_mismatch', `The file is declared as ${type}, and its bytes are ${found}.`, {
      hint: `Types that can be uploaded: ${Object.keys(ASSET_TYPES).join(', ')}. Nothing was uploaded.`,
    });
  }
  if (type === 'image/svg+xml') checkSvg(bytes);
  return bytes;
}

function decode(data: string, maxBytes: number): Buffer {
  const text = data.replace(/[\r\n]+/g, '');
  const size = Math.floor((text.length * 3) / 4) - (/=*$/.exec(text.slice(-2))?.[0].length ?? 0);
  if (size > maxBytes) {
    throw new ArleoError('asset_too_large', `The file has ${size} bytes; at most ${maxBytes} can be uploaded.`, {
      hint: 'Make the picture smaller, or save it as WebP or JPEG. The owner can raise UPLOAD_MAX_BYTES.',
    });
  }
  const bytes = Buffer.from(text, 'base64');
  // Node passes over what is not base64: only what comes out the same again was all of it.
  if (bytes.length === 0 || bytes.toString('base64') !== text) {
    throw new ArleoError('base64_invalid', 'data is not base64.', {
      hint: 'Give the bytes of the file as standard base64 with padding, without "data:…;base64," before it.',
    });
  }
  return bytes;
}
