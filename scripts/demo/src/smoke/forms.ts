/** A form of a page, as a browser would fill and send it. */
export interface Form {
  /** As written in the page: relative to the page's address. */
  action: string;
  method: 'get' | 'post';
  /** Fields with the values they have in the page; an unticked checkbox is among them only once it is ticked. */
  fields: [name: string, value: string][];
  /** Every checkbox, ticked or not. */
  checkboxes: { name: string; value: string; checked: boolean }[];
  /** Every named submit button. */
  buttons: { name: string; value: string }[];
  /** The names of all inputs, whatever their type. */
  names: Set<string>;
}

const TEXT_TYPES = /^(?:text|password|hidden|email|number|tel|url|search)$/;

/** The forms of an HTML page. Reads the plain markup that our own pages use, and no more. */
export function parseForms(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, open = '', body = '']) => {
    const attributes = parseAttributes(open);
    const form: Form = {
      action: attributes.get('action') ?? '',
      method: attributes.get('method')?.toLowerCase() === 'post' ? 'post' : 'get',
      fields: [],
      checkboxes: [],
      buttons: [],
      names: new Set(),
    };
    for (const [, tag = '', rest = ''] of body.matchAll(/<(input|button)\b([^>]*)>/gi)) addControl(form, tag, rest);
    return form;
  });
}

function addControl(form: Form, tag: string, text: string): void {
  const attributes = parseAttributes(text);
  const name = attributes.get('name');
  if (name === undefined || attributes.has('disabled')) return;
  const isButton = tag.toLowerCase() === 'button';
  const type = (attributes.get('type') ?? (isButton ? 'submit' : 'text')).toLowerCase();
  const value = attributes.get('value') ?? '';
  form.names.add(name);
  if (type === 'submit') {
    form.buttons.push({ name, value });
  } else if (type === 'checkbox') {
    const checked = attributes.has('checked');
    form.checkboxes.push({ name, value: attributes.get('value') ?? 'on', checked });
    if (checked) form.fields.push([name, attributes.get('value') ?? 'on']);
  } else if (TEXT_TYPES.test(type)) {
    form.fields.push([name, value]);
  }
}

function parseAttributes(text: string): Map<string, string> {
  const found = text.matchAll(/([a-z][a-z0-9:-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi);
  return new Map([...found].map(([, name = '', a, b, c]) => [name.toLowerCase(), decode(a ?? b ?? c ?? '')]));
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (decimal) return String.fromCodePoint(Number(decimal));
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return ENTITIES[name] ?? whole;
  });
}
