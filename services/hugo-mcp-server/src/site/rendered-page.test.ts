import { readRendered } from './rendered-page.ts';

test('the text of a page is what its main part says, block by block, without code that readers do not see', () => {
  const page = readRendered(
    `<!doctype html><head><title>A &amp; B
      </title><meta name=description content="Say &quot;so&quot;"><style>x{}</style></head>
    <body><nav><a href="/menu">Menu</a></nav><main><h2>Head</h2><p>One <b>two</b><br>three</p>
    <script>hidden()</script><svg><title>icon</title></svg><ul><li>a<li>b</ul>
    <img src=p.png alt="A dog" srcset="p.png 1x, q.png 2x"></main><footer>Foot</footer>`,
  );
  expect(page).toEqual({
    title: 'A & B',
    description: 'Say "so"',
    text: '## Head\nOne two\nthree\n- a\n- b\n[image: A dog]',
    links: [
      { target: '/menu', kind: 'link' },
      { target: 'p.png', kind: 'image' },
      { target: 'p.png', kind: 'image' },
      { target: 'q.png', kind: 'image' },
    ],
    redirect: false,
  });
});

test('without a main part it is the body; a page that only sends on says so', () => {
  expect(readRendered('<p>Only <i>this').text).toBe('Only this');
  expect(readRendered('<meta http-equiv="Refresh" content="0; url=/x">').redirect).toBe(true);
});
