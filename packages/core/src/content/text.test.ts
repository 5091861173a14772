import { invisibleCharacters, withVisibleCharacters } from './text.ts';

const tag = String.fromCodePoint(0xe0061);

describe('invisible characters', () => {
  test('are counted, with the line in which each is first', () => {
    expect(invisibleCharacters(`a\r\nb\u200b\n\tc\u200b${tag}\u202e`)).toEqual([
      { character: 'U+200B', count: 2, first_line: 2 },
      { character: 'U+E0061', count: 1, first_line: 3 },
      { character: 'U+202E', count: 1, first_line: 3 },
    ]);
  });

  test('are not what ordinary text has: line ends, tabs, joiners of scripts and emoji, a byte order mark', () => {
    expect(invisibleCharacters('\ufeffa\tb\r\nمی\u200cخواهم 👩\u200d💻 ❤\ufe0f')).toEqual([]);
    expect(invisibleCharacters('a\ufeffb\rc').map(({ character }) => character)).toEqual(['U+FEFF', 'U+000D']);
  });

  test('are written out where a text is only looked at', () => {
    expect(withVisibleCharacters(`a\n\u202eb${tag}`)).toBe('a\n⟨U+202E⟩b⟨U+E0061⟩');
  });

  test('make a report of bounded length', () => {
    const all = Array.from({ length: 500 }, (_, i) => String.fromCodePoint(0xe0000 + i)).join('');
    expect(invisibleCharacters(all)).toHaveLength(20);
  });
});
