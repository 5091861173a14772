import { ArleoError } from '@arleo/core/errors';
import { parse as parseToml, TomlDate } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { isObject, type JsonObject, type JsonValue } from './json-value.ts';
import type { FrontMatterFormat, PageParts } from './split-page.ts';

/**
 * The fields of a page's front matter as JSON types; dates as the text that stands in the file.
 *
 * @throws {@link ArleoError} `front_matter_invalid` if the text between the delimiters is not what it says
 */
export function readFrontMatter(text: string, parts: PageParts): JsonObject {
  return parseInner(parts.format, text.slice(parts.innerStart, parts.innerEnd));
}

/** {@link readFrontMatter} for the text between the delimiters. */
export function parseInner(format: FrontMatterFormat, inner: string): JsonObject {
  if (format === 'none') return {};
  let value: unknown;
  try {
    value = parseValue(format, inner);
  } catch (error) {
    const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    // An alias that nothing defines is named by whoever wrote the page: that is not for a message.
    const line = error instanceof ReferenceError ? first.replace(/: .*$/, '') : first;
    throw new ArleoError(
      'front_matter_invalid',
      `The page's front matter is not valid ${format.toUpperCase()}: ${line}`,
      {
        cause: error,
        hint: 'Somebody wrote it by hand; it has to be mended in the file.',
      },
    );
  }
  if (value === null || value === undefined) return {};
  if (!isObject(value))
    throw new ArleoError('front_matter_invalid', "The page's front matter is not a list of fields.");
  return toJson(value) as JsonObject;
}

function parseValue(format: FrontMatterFormat, inner: string): unknown {
  if (format === 'toml') return parseToml(inner);
  if (format === 'json') return JSON.parse(inner);
  // The core schema leaves dates as text: a date that goes through a clock object loses its offset.
  return parseYaml(inner, { merge: true, logLevel: 'error' });
}

function toJson(value: unknown): JsonValue {
  if (value instanceof TomlDate) return value.toISOString();
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toJson);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return null;
}
