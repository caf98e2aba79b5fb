/**
 * Writes test/fixtures/profiles/texts.json: prose of our own and variants of it, at least one on each side of every
 * rule of the profiles.
 */
import { writeFileSync } from 'node:fs';

const mill =
  `The mill stands where the two streams meet, and its wheel has turned since the old bridge was built. In the dry months the
miller closes the upper gate and waits, for there is not enough water to move the stones. When the rain comes he opens it by hand, one
notch at a time, so that the first rush does not break the paddles. His daughter keeps a book of the levels, and she can tell you how
high the water stood on any morning of the last nine years.`.replaceAll('\n', ' ');

const market =
  `On Thursdays the square is full before six. People come from the villages with eggs, cheese and baskets of small dark
plums, and they have to be quick, because the good places under the arcade are taken first. Nobody shouts; prices are written on slates
and rubbed out with a sleeve. "You may taste everything," said the woman with the honey, "but I count the spoons." By noon only the
sparrows and the man with the broom are left, and the clock strikes twelve over an empty square.`.replaceAll('\n', ' ');

const harbour =
  `A harbour clock is not like other clocks. It tells the tide as well as the hour, and sailors trust the first more than
the second. Ours was made by a locksmith who had never seen the sea! He worked from letters, asked many questions and was often wrong:
for two winters the hand that shows high water ran backwards. Was he ashamed? He was not. He wrote that the moon must be late, and he
mended it with a spring from a broken umbrella.`.replaceAll('\n', ' ');

const recipeText =
  `Wash the lentils and cook them with a bay leaf for twenty minutes. Cut two onions into thin rings, fry them slowly until they
are dark, and keep the oil. Stir the oil into the lentils with salt, a spoon of vinegar and plenty of pepper. Serve it warm with the onions
on top; it is better on the next day, and it keeps for four days in a cold room.`.replaceAll('\n', ' ');

const german =
  `Die Mühle steht an der Stelle, an der sich zwei Bäche treffen, und ihr Rad dreht sich seit dem Bau der alten Brücke. Wenn es regnet,
öffnet der Müller das Wehr von Hand, Kerbe für Kerbe, damit die erste Welle die Schaufeln nicht zerbricht.`.replaceAll(
    '\n',
    ' ',
  );

const russian =
  'Мельница стоит там, где встречаются два ручья. Когда идёт дождь, мельник открывает верхние ворота ' +
  'рукой, чтобы вода не сломала колесо.';
const hindi =
  'चक्की वहाँ खड़ी है जहाँ दो धाराएँ मिलती हैं। बारिश होने पर चक्की वाला हाथ से फाटक खोलता है। पानी ' + 'धीरे धीरे आता है।';
const chinese = '磨坊坐落在两条溪流交汇的地方。下雨的时候，磨坊主用手打开上面的闸门，一格一格地开。水慢慢地流进来！';

const prose = [mill, market, harbour, recipeText].join('\n\n');
const sentences = prose.replaceAll('\n\n', ' ').split(/(?<=[.!?]) /);
const times = (n: number, f: (i: number) => string, joiner = '\n'): string =>
  Array.from({ length: n }, (_, i) => f(i)).join(joiner);
const words = prose.split(/\s+/);

const texts: { [id: string]: string } = {
  empty: '',
  blank: ' \n\t\n  ',
  'blank-unicode': '\u00a0\u3000\u2003\n\u001c',
  newline: '\n',
  prose,
  'prose-one-line': sentences.join(' '),
  'prose-by-sentence': sentences.join('\n'),
  'prose-crlf': sentences.join('\r\n'),
  'prose-odd-line-ends': sentences
    .map((s, i) => s + ['\u2028', '\u0085', '\u000b', '\u001e', '\r', '\n'][i % 6])
    .join(''),
  'prose-indented': sentences.map((s) => `  \t${s}  `).join('\n'),
  '49-words': `${words.slice(0, 48).join(' ')} end`,
  '50-words': `${words.slice(0, 49).join(' ')} end`,
  '49-words-and-dashes': `${words.slice(0, 48).join(' ')} end — — —`,
  'three-words': 'Open the gate',
  'short-words': times(80, (i) => ['I', 'am', 'to', 'be', 'at', 'it', 'of', 'a'][i % 8], ' '),
  'long-words': times(
    80,
    (i) => ['waterwheelhouses', 'to', 'be', 'neighbourhoodsquare', 'counterbalancing'][i % 5],
    ' ',
  ),
  hashes: `${mill}\n${times(14, (i) => `#tag${i}`, ' ')}`,
  'few-hashes': `${mill}\n#water #mill #level`,
  ellipses: `${mill} ${times(14, () => 'and then ...', ' ')}`,
  'ellipsis-signs': `${mill} ${times(20, () => 'so…', ' ')}`,
  'six-dots': `${mill} and...... so......`,
  'bullet-lines': sentences.map((s) => `- ${s}`).join('\n'),
  'bullet-dots': sentences.map((s) => ` • ${s}`).join('\n'),
  'bullet-stars': sentences.map((s) => `* ${s}`).join('\n'),
  'half-bullets': sentences.map((s, i) => (i % 2 === 0 ? `- ${s}` : s)).join('\n'),
  'trailing-off': sentences.map((s, i) => (i % 2 === 0 ? `${s.slice(0, -1)}...` : s)).join('\n'),
  'trailing-off-sign': sentences.map((s) => `${s.slice(0, -1)}…`).join('\n'),
  'read-more': sentences.map((s, i) => (i % 4 === 0 ? `${s.slice(0, -1)} [...]` : s)).join('\n'),
  'few-letters': `${mill} ${times(40, (i) => String(1900 + i), ' ')}`,
  'some-numbers': `${prose} ${times(20, (i) => String(1900 + i), ' ')}`,
  'no-stop-words': times(
    60,
    (i) => ['mill', 'water', 'bridge', 'wheel', 'river', 'stone', 'valley'][(i * 3 + (i >> 3)) % 7] + i,
    ' ',
  ),
  'capital-stop-words': times(
    60,
    (i) => (i < 8 ? ['The', 'Be', 'To', 'Of', 'And', 'That', 'Have', 'With'][i] : `mill${i}`),
    ' ',
  ),
  'one-stop-word-often': times(60, (i) => (i % 4 === 0 ? 'the' : `mill${i}`), ' '),
  'two-stop-words': times(60, (i) => (i === 5 ? 'the' : i === 9 ? 'and' : `mill${i}`), ' '),
  shouting: prose.toUpperCase(),
  german: times(4, () => german, '\n\n'),
  'german-once': german,
  russian: times(2, (i) => (i === 0 ? russian : german)),
  hindi: `${hindi}\n${mill}\n${hindi.slice(0, 40)}`,
  chinese: `${chinese}\n${market}`,
  emoji: `${mill} 🐎🐎 ${market} 👩‍🌾 done 🎉`,
  'combining-marks': `${mill} naı\u0308ve cafe\u0301 ${market}`,
  'kelvin-and-dotted-i':
    'The İstanbul ferry sells JavaScrİpt and coo\u212aies to all who come aboard.\nTerms of use were ' +
    'read aloud by the captain.\nİİİ three signs stand here, and then the word javascript follows in the ' +
    'line.\nThe water rose by two \u212aelvin and nobody knew why it did.\nNobody asked the miller about ' +
    'it at all.\nShe wrote it into the book that evening.\nThe book was lost in the flood.\nThe gate was ' +
    'closed again.',
  'lines-twice': times(2, () => sentences.join('\n')),
  'four-lines-twice': [...sentences, ...sentences.slice(0, 4)].join('\n'),
  'one-line-twice': [...sentences, sentences[3]].join('\n'),
  'short-line-twice': [...sentences, 'Yes.', 'No.', 'Yes.'].join('\n'),
  'many-short-copies': [...sentences, ...times(14, () => 'Yes.').split('\n')].join('\n'),
  'paragraphs-twice': times(2, () => prose, '\n\n'),
  'one-paragraph-of-five': [prose, recipeText].join('\n\n'),
  'paragraphs-of-lines': times(5, (i) => `${sentences[i]}\n${sentences[i + 1]}`, '\n\n'),
  'blank-lines': times(6, (i) => sentences[i], '\n\n\n\n'),
  'trailing-newlines': `${prose}\n\n\n`,
  'phrase-again': times(12, (i) => `${sentences[i]} Thank you very much indeed.`, ' '),
  'pair-again': times(40, (i) => `mill wheel ${words[i]}`, ' '),
  'triple-again': times(30, (i) => `old mill wheel ${words[i]} ${words[i + 40]}`, ' '),
  'four-again': times(24, (i) => `old mill wheel turns ${words[i]} ${words[i + 40]} ${words[i + 90]}`, ' '),
  'five-again': times(6, (i) => `the old mill wheel turns slowly ${words.slice(i * 30, i * 30 + 22).join(' ')}`, ' '),
  'seven-again': times(4, (i) => `when the rain comes he opens it ${words.slice(i * 40, i * 40 + 36).join(' ')}`, ' '),
  'ten-again': times(
    3,
    (i) => `so that the first rush does not break the paddles ${words.slice(i * 70, i * 70 + 66).join(' ')}`,
    ' ',
  ),
  'list-without-ends': times(30, (i) =>
    words
      .slice(i * 5, i * 5 + 9)
      .join(' ')
      .replace(/[.,;:!?]/g, ''),
  ),
  'few-ends': times(24, (i) =>
    i % 8 === 0
      ? sentences[i % sentences.length]
      : words
          .slice(i * 7, i * 7 + 8)
          .join(' ')
          .replace(/[.,;:!?]/g, ''),
  ),
  'ends-in-quotes': times(10, (i) => `"${sentences[i]}"`),
  'ends-with-space': times(10, (i) => `${sentences[i]} `),
  'short-lines': times(
    40,
    (i) =>
      `${words
        .slice(i * 3, i * 3 + 4)
        .join(' ')
        .slice(0, 28)}.`,
  ),
  'line-of-30': `${times(3, () => `${'a'.repeat(29)}.`)}\n${sentences.slice(0, 2).join('\n')}`,
  'line-of-31': `${times(3, (i) => `${'b'.repeat(29)}${i}.`)}\n${sentences.slice(0, 2).join('\n')}`,
  'many-newlines': times(60, (i) => `${words.slice(i * 3, i * 3 + 3).join(' ')}.`, '\n'),
  citations: sentences
    .map((s, i) => (i % 3 === 0 ? `${s.slice(0, -1)} [${i}].` : i % 3 === 1 ? `${s}[citation needed]` : `${s} [edit]`))
    .join('\n'),
  'javascript-lines': [
    ...sentences.slice(0, 8),
    'Please turn on JavaScript to see the prices of the day.',
    ...sentences.slice(8),
  ].join('\n'),
  'policy-lines': [
    ...sentences.slice(0, 8),
    'By going on you accept our Cookie Policy and the use of cookies.',
    'See the Terms of Use for more about it.',
    ...sentences.slice(8),
  ].join('\n'),
  'lorem-ipsum': [...sentences.slice(0, 8), 'Lorem ipsum dolor sit amet and so on.', ...sentences.slice(8)].join('\n'),
  'lorem-ipsum-in-cut-line': [...sentences.slice(0, 8), 'Lorem ipsum dolor sit amet', ...sentences.slice(8)].join('\n'),
  'curly-bracket': [
    ...sentences.slice(0, 8),
    'The template said {name} where a name should be.',
    ...sentences.slice(8),
  ].join('\n'),
  'curly-bracket-in-cut-line': [...sentences.slice(0, 8), 'if (open) { close }', ...sentences.slice(8)].join('\n'),
  'menu-around-prose': ['Home', 'About us', 'Contact', ...sentences, 'Share this page', 'Next article', 'Top'].join(
    '\n',
  ),
  'very-long-word': [
    ...sentences.slice(0, 6),
    `Look: ${'x'.repeat(1001)}.`,
    `Or: ${'y'.repeat(1000)} it ends.`,
    ...sentences.slice(6),
  ].join('\n'),
  'two-word-lines': [...sentences.slice(0, 6), 'Thank you.', 'Come again soon.', ...sentences.slice(6)].join('\n'),
  'four-sentences': sentences.slice(0, 4).join('\n'),
  'five-sentences': sentences.slice(0, 5).join('\n'),
  'quoted-lines': ['"Who goes there?"', "'It is only the miller.'", 'He said "come in"', ...sentences.slice(0, 6)].join(
    '\n',
  ),
  'many-blank-lines': sentences.slice(0, 9).join('\n'.repeat(12)),
  'long-paragraph-twice': [mill, 'One.', 'Two.', 'Three.', 'Four.', 'Five.', mill].join('\n\n'),
  'four-words-again': times(
    30,
    (i) =>
      `mill wheels turn slowly ${words[i]} ${words[i + 30]} ${words[i + 60]} ${words[i + 90]} ` +
      `${words[i + 120]} ${words[i + 150]}`,
    ' ',
  ),
  'five-words-again': times(
    12,
    (i) => `grinding stones turn slowly underwater ${words.slice(i * 18, i * 18 + 16).join(' ')}`,
    ' ',
  ),
  'six-words-again': times(
    9,
    (i) => `grinding stones turn very slowly underwater ${words.slice(i * 24, i * 24 + 22).join(' ')}`,
    ' ',
  ),
  'eight-words-again': times(
    5,
    (i) => `when the rain comes he opens it alone ${words.slice(i * 45, i * 45 + 41).join(' ')}`,
    ' ',
  ),
  'menu-only': ['Home', 'Products', 'About us', 'Contact', 'Imprint', 'Log in', 'Cart (0)'].join('\n'),
};

const rows = Object.entries(texts).map(([id, text]) => JSON.stringify({ id, text }));
writeFileSync(new URL('../../test/fixtures/profiles/texts.json', import.meta.url), `[\n${rows.join(',\n')}\n]\n`);
