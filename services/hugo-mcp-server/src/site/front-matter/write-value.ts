import { isObject, type JsonObject, type JsonValue } from './json-value.ts';

/** Fields that hold a moment: written bare, as people and Hugo's own archetypes write them. */
const dateFields = new Set(['date', 'lastmod', 'publishDate', 'expiryDate', 'publishdate', 'expirydate']);
const dateTime = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/;
const bareYamlKey = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** Words that YAML 1.1, which Hugo's reader still follows in places, takes for something other than text. */
const yamlWord = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/**
 * A double-quoted string for YAML and TOML. Always quoted: unquoted `no`, `1:30` or `2024-01-01` mean other things to
 * one YAML version than to another.
 */
export function quote(text: string): string {
  // YAML 1.1 takes NEL, LS and PS for line ends; TOML refuses DEL. Both read \uXXXX.
  return JSON.stringify(text).replace(/[\u007F-\u009F\u2028\u2029\uFEFF]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** True if the field holds a moment and the value is one. */
export function isDateField(key: string, value: JsonValue): value is string {
  return dateFields.has(key) && typeof value === 'string' && dateTime.test(value);
}

/** A scalar in YAML. `key` decides whether a date stands bare. */
export function yamlScalar(key: string, value: string | number | boolean | null): string {
  if (isDateField(key, value)) return value;
  return typeof value === 'string' ? quote(value) : String(value);
}

export function yamlKey(key: string): string {
  return bareYamlKey.test(key) && !yamlWord.test(key) ? key : quote(key);
}

/**
 * `key: value` in block style, every line indented by `indent` and ended by `eol`.
 */
export function yamlField(key: string, value: JsonValue, indent: string, eol: string): string {
  return `${indent}${yamlKey(key)}:${yamlAfterKey(key, value, indent, eol)}${eol}`;
}

/** What stands after `key:`; begins with a space or a line end, and has no line end at its own end. */
export function yamlAfterKey(key: string, value: JsonValue, indent: string, eol: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    return value.map((item) => `${eol}${indent}  -${yamlItem(item, `${indent}    `, eol)}`).join('');
  }
  if (isObject(value)) {
    const entries = Object.entries(value as JsonObject);
    if (entries.length === 0) return ' {}';
    return entries
      .map(([name, item]) => `${eol}${indent}  ${yamlKey(name)}:${yamlAfterKey(name, item, `${indent}  `, eol)}`)
      .join('');
  }
  return ` ${yamlScalar(key, value)}`;
}

/** What stands after the dash of a list's item: a space, and no line end at its end; further lines begin with `indent`. */
export function yamlItem(item: JsonValue, indent: string, eol: string): string {
  if (Array.isArray(item)) return ` ${flowYaml(item)}`;
  if (isObject(item)) {
    const entries = Object.entries(item as JsonObject);
    if (entries.length === 0) return ' {}';
    const lines = entries.map(([name, value]) => `${yamlKey(name)}:${yamlAfterKey(name, value, indent, eol)}`);
    return ` ${lines.join(`${eol}${indent}`)}`;
  }
  return ` ${yamlScalar('', item)}`;
}

/** A value on one line, `[1, "a"]` or `{ a: 1 }`. */
export function flowYaml(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(flowYaml).join(', ')}]`;
  if (!isObject(value)) return yamlScalar('', value);
  const entries = Object.entries(value as JsonObject);
  return entries.length === 0
    ? '{}'
    : `{ ${entries.map(([key, item]) => `${quote(key)}: ${flowYaml(item)}`).join(', ')} }`;
}

/** A value in TOML, on one line. Undefined if TOML has no such value (null). */
export function tomlValue(key: string, value: JsonValue): string | undefined {
  if (value === null) return undefined;
  if (isDateField(key, value)) return value;
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return tomlNumber(value);
  if (typeof value === 'boolean') return String(value);
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (const item of value) {
      const text = tomlValue('', item);
      if (text === undefined) return undefined;
      parts.push(text);
    }
    return `[${parts.join(', ')}]`;
  }
  for (const [name, item] of Object.entries(value)) {
    const text = tomlValue(name, item);
    if (text === undefined) return undefined;
    parts.push(`${tomlKey(name)} = ${text}`);
  }
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

/** TOML's integers end at 64 bits, and readers differ already beyond 53: larger ones are written as floats. */
function tomlNumber(value: number): string {
  const text = String(value);
  return Number.isSafeInteger(value) || /[.e]/.test(text) ? text : `${text}.0`;
}

export function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : quote(key);
}
