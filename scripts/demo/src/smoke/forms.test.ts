import { parseForms } from './forms.ts';

const PAGE = `<form action="/consent?a=1&amp;b=2" method="POST">
  <input type="hidden" name="csrf" value="x&quot;y">
  <input name="passphrase" type="password" autofocus>
  <input type="checkbox" name="scope" value="content:read" checked>
  <input type=checkbox name=scope value='site:admin'>
  <input type="text" name="off" disabled>
  <button type="submit" name="decision" value="approve">Approve</button>
  <button name="decision" value="deny">Deny</button>
</form>`;

test('reads fields, checkboxes and buttons as a browser would send them', () => {
  const [form] = parseForms(PAGE);
  expect(form).toEqual({
    action: '/consent?a=1&b=2',
    method: 'post',
    fields: [
      ['csrf', 'x"y'],
      ['passphrase', ''],
      ['scope', 'content:read'],
    ],
    checkboxes: [
      { name: 'scope', value: 'content:read', checked: true },
      { name: 'scope', value: 'site:admin', checked: false },
    ],
    buttons: [
      { name: 'decision', value: 'approve' },
      { name: 'decision', value: 'deny' },
    ],
    names: new Set(['csrf', 'passphrase', 'scope', 'decision']),
  });
});

test('finds no form in a page without one', () => {
  expect(parseForms('<p>Not found</p>')).toEqual([]);
});
